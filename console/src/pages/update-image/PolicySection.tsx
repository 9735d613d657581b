import { Field, Input, Select } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { CrumbIcon } from "../../parts/icons";
import type { PolicyChange, Plan } from "./form";
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
      {open && <PolicyFields policy={policy} plan={plan} fieldError={fieldError} onChange={onChange} />}
    </section>
  );
}

type Name = "canary_hosts" | "max_unavailable" | "min_available" | "max_failed";

const SHARES: readonly Name[] = ["max_unavailable", "min_available"];
const NUMBERS: readonly (readonly [Name, string])[] = [
  ["canary_hosts", "Hosts that go first"],
  ["max_unavailable", "At most at once (hosts or %)"],
  ["min_available", "At least accepting people (hosts or %)"],
  ["max_failed", "Hosts that may fail"],
];

function PolicyFields({ policy, plan, fieldError, onChange }: Props): ReactNode {
  const set = (name: keyof PolicyChange, value: unknown): void => {
    const others = Object.entries(policy).filter(([each]) => each !== name);
    onChange(Object.fromEntries(value === undefined ? others : [...others, [name, value]]));
  };
  const error = (name: string): object => {
    const message = fieldError(`policy.${name}`);
    return { validationMessage: message, validationState: message ? "error" : "none" };
  };
  return (
    <div className={styles.policy}>
      {NUMBERS.map(([name, label]) => (
        <Field key={name} label={label} {...error(name)}>
          <Input
            inputMode="numeric"
            placeholder={String(plan?.policy[name] ?? "as the pool")}
            value={String(policy[name] ?? "")}
            onChange={(_, { value }) => set(name, readNumber(value, SHARES.includes(name)))}
          />
        </Field>
      ))}
      <Field label="After the first hosts" {...error("canary_hold")}>
        <Select value={policy.canary_hold ?? ""} onChange={(_, { value }) => set("canary_hold", value || undefined)}>
          <option value="">As the pool</option>
          <option value="auto">Go on</option>
          <option value="approve">Somebody approves</option>
        </Select>
      </Field>
      <Field label="When more hosts fail" {...error("on_failure")}>
        <Select value={policy.on_failure ?? ""} onChange={(_, { value }) => set("on_failure", value || undefined)}>
          <option value="">As the pool</option>
          <option value="pause">Pause</option>
          <option value="roll_back">Roll back</option>
          <option value="continue">Go on</option>
        </Select>
      </Field>
    </div>
  );
}

/** What was typed: a number, a share like `25%`, or the text as it is, so that the app says what is wrong with it. */
export function readNumber(text: string, share: boolean): string | number | undefined {
  const typed = text.trim();
  if (typed === "") return undefined;
  if (/^\d+$/.test(typed)) return Number(typed);
  return share ? typed.replace(/\s+%$/, "%") : typed;
}
