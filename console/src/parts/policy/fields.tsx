import { Field, Input, Select } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { Model } from "../../api";
import type { said } from "../form/Refusal";
import { readNumber } from "./values";

export type PolicyChange = Model<"PolicyOverridesInput">;
export type PolicyName = keyof PolicyChange;

/** What each part of the form gets. */
export interface PolicyParts {
  policy: PolicyChange;
  /** What counts where nothing is set, if it is known. */
  otherwise: Partial<Model<"Policy">> | null;
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
