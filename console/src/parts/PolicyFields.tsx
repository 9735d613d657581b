import { Field, Input, Select } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { Model } from "../api";
import styles from "./PolicyFields.module.css";

export type PolicyChange = Model<"PolicyOverridesInput">;

interface Props {
  /** What is set; the rest is that of `otherwise`. */
  policy: PolicyChange;
  /** What counts where nothing is set, if it is known. */
  otherwise: Partial<Model<"Policy">> | null;
  fieldError: (field: string) => string | undefined;
  onChange: (policy: PolicyChange) => void;
}

type Name = "canary_hosts" | "max_unavailable" | "min_available" | "max_failed";

const SHARES: readonly Name[] = ["max_unavailable", "min_available"];
const NUMBERS: readonly (readonly [Name, string])[] = [
  ["canary_hosts", "Hosts that go first"],
  ["max_unavailable", "At most at once (hosts or %)"],
  ["min_available", "At least accepting people (hosts or %)"],
  ["max_failed", "Hosts that may fail"],
];

/** The fields of a policy that people change most. An empty one leaves what counts otherwise. */
export function PolicyFields({ policy, otherwise, fieldError, onChange }: Props): ReactNode {
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
            placeholder={String(otherwise?.[name] ?? "as usual")}
            value={String(policy[name] ?? "")}
            onChange={(_, { value }) => set(name, readNumber(value, SHARES.includes(name)))}
          />
        </Field>
      ))}
      <Field label="After the first hosts" {...error("canary_hold")}>
        <Select value={policy.canary_hold ?? ""} onChange={(_, { value }) => set("canary_hold", value || undefined)}>
          <option value="">As usual</option>
          <option value="auto">Go on</option>
          <option value="approve">Somebody approves</option>
        </Select>
      </Field>
      <Field label="When more hosts fail" {...error("on_failure")}>
        <Select value={policy.on_failure ?? ""} onChange={(_, { value }) => set("on_failure", value || undefined)}>
          <option value="">As usual</option>
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
