import { useState, type ReactNode } from "react";

import type { PolicyChange } from "../../parts/policy/fields";
import { PolicyFields } from "../../parts/policy/PolicyFields";
import { Fold } from "./Fold";
import type { Plan } from "./form";
import { policyText } from "./planTexts";

interface Props {
  policy: PolicyChange;
  plan: Plan | null;
  account: string;
  fieldError: (field: string) => string | undefined;
  onChange: (policy: PolicyChange) => void;
}

/** What this rollout may do differently from the pool's policy. */
export function PolicySection({ policy, plan, account, fieldError, onChange }: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const own = Object.keys(policy).length > 0;
  return (
    <Fold
      title="Policy"
      state={own ? ", changed for this rollout" : ", the pool’s own"}
      effect={plan ? policyText(plan) : "Its effect is shown here."}
      open={open || fieldError("policy") !== undefined}
      onToggle={() => setOpen(!open)}
    >
      <PolicyFields
        policy={policy}
        otherwise={plan?.policy ?? null}
        account={account}
        fieldError={fieldError}
        onChange={onChange}
      />
    </Fold>
  );
}
