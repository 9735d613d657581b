import { Button, Field, Input, Select } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import type { Model } from "../../api";
import { said } from "../form/Refusal";
import { isMore, MorePolicyFields } from "./MorePolicyFields";
import styles from "./policy.module.css";
import { readNumber } from "./values";

export type PolicyChange = Model<"PolicyOverridesInput">;
export type PolicyName = keyof PolicyChange;

interface Props {
  /** What is set; the rest is that of `otherwise`. */
  policy: PolicyChange;
  /** What counts where nothing is set, if it is known. */
  otherwise: Partial<Model<"Policy">> | null;
  /** The pool's account: its probes can be chosen. */
  account: string;
  fieldError: (field: string) => string | undefined;
  onChange: (policy: PolicyChange) => void;
}

/** What each part of the form gets. */
export interface PolicyParts {
  policy: PolicyChange;
  otherwise: Props["otherwise"];
  /** What was refused about a field, as Fluent's `Field` takes it. */
  error: (name: PolicyName) => ReturnType<typeof said>;
  set: (name: PolicyName, value: unknown) => void;
}

export type NumberField = readonly [name: PolicyName, label: string, share?: boolean];
export type ChoiceField = readonly [
  name: PolicyName,
  label: string,
  choices: readonly (readonly [value: string, text: string])[],
];

const NUMBERS: readonly NumberField[] = [
  ["canary_hosts", "Hosts that go first"],
  ["max_unavailable", "At most at once (hosts or %)", true],
  ["min_available", "At least accepting people (hosts or %)", true],
  ["max_failed", "Hosts that may fail"],
];
const CHOICES: readonly ChoiceField[] = [
  [
    "canary_hold",
    "After the first hosts",
    [
      ["auto", "Go on"],
      ["approve", "Somebody approves"],
    ],
  ],
  [
    "on_failure",
    "When more hosts fail",
    [
      ["pause", "Pause"],
      ["roll_back", "Roll back"],
      ["continue", "Go on"],
    ],
  ],
];

/** The fields of a policy: those that people change most, and the others behind More. An empty one leaves what counts otherwise. */
export function PolicyFields({ policy, otherwise, account, fieldError, onChange }: Props): ReactNode {
  const names = Object.keys(policy) as PolicyName[];
  const [wanted, setWanted] = useState(() => names.some(isMore));
  const set = (name: PolicyName, value: unknown): void => {
    const others = Object.entries(policy).filter(([each]) => each !== name);
    onChange(Object.fromEntries(value === undefined ? others : [...others, [name, value]]));
  };
  const error: PolicyParts["error"] = (name) => said(fieldError(`policy.${name}`));
  const parts: PolicyParts = { policy, otherwise, error, set };
  const open = wanted || names.some((name) => isMore(name) && fieldError(`policy.${name}`));
  return (
    <>
      <div className={styles.policy}>
        <Numbers {...parts} fields={NUMBERS} />
        <Choices {...parts} fields={CHOICES} />
      </div>
      {open ? (
        <MorePolicyFields {...parts} account={account} />
      ) : (
        <Button className={styles.more} appearance="secondary" size="small" onClick={() => setWanted(true)}>
          More of the policy
        </Button>
      )}
    </>
  );
}

export function Numbers({
  policy,
  otherwise,
  error,
  set,
  fields,
}: PolicyParts & { fields: readonly NumberField[] }): ReactNode {
  return fields.map(([name, label, share = false]) => (
    <Field key={name} label={label} {...error(name)}>
      <Input
        inputMode={share ? undefined : "numeric"}
        placeholder={shown(otherwise?.[name as keyof typeof otherwise])}
        value={String(policy[name] ?? "")}
        onChange={(_, { value }) => set(name, readNumber(value, share))}
      />
    </Field>
  ));
}

export function Choices({ policy, error, set, fields }: PolicyParts & { fields: readonly ChoiceField[] }): ReactNode {
  return fields.map(([name, label, choices]) => (
    <Field key={name} label={label} {...error(name)}>
      <Select value={String(policy[name] ?? "")} onChange={(_, { value }) => set(name, value || undefined)}>
        <option value="">As usual</option>
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </Select>
    </Field>
  ));
}

function shown(value: unknown): string {
  return typeof value === "number" || typeof value === "string" ? String(value) : "as usual";
}
