import { useState, type ReactNode } from "react";

import { CrumbIcon } from "../../parts/icons";
import { PolicyFields, type PolicyChange } from "../../parts/PolicyFields";
import type { Plan } from "./form";
import { policyText } from "./planTexts";
import styles from "./update-image.module.css";

interface Props {
  policy: PolicyChange;
  plan: Plan | null;
  fieldError: (field: string) => string | undefined;
  onChange: (policy: PolicyChange) => void;
}

/** Folded: its effect in one line. Open: what this rollout may do differently from the pool's policy. */
export function PolicySection({ policy, plan, fieldError, onChange }: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const own = Object.keys(policy).length > 0;
  return (
    <section className="fc-card fc-section" aria-labelledby="policy">
      <button type="button" className={styles.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
        <span aria-hidden className={open ? styles.unfolded : undefined}>
          <CrumbIcon />
        </span>
        <span>
          <b id="policy">Policy</b>
          {own ? ", changed for this rollout" : ", the pool’s own"}
          <br />
          <span className="fc-muted fc-small">{plan ? policyText(plan) : "Its effect is shown here."}</span>
        </span>
      </button>
      {open && (
        <PolicyFields policy={policy} otherwise={plan?.policy ?? null} fieldError={fieldError} onChange={onChange} />
      )}
    </section>
  );
}
