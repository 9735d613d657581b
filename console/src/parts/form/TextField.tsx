import { Field, Input } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { readArmId } from "./armId";
import styles from "./form.module.css";

interface Props {
  label: string;
  value: string;
  /** What it is for, or where it is found. */
  hint?: string;
  error?: string;
  disabled?: boolean;
  required?: boolean;
  placeholder?: string;
  numeric?: boolean;
  /** An ARM id: over the whole width; the address of its page in the portal may be pasted. */
  armId?: boolean;
  onChange: (value: string) => void;
}

/** A line of text with its hint and, below it, what was refused. */
export function TextField(props: Props): ReactNode {
  const { label, value, hint, error, disabled, required, placeholder, numeric, armId, onChange } = props;
  return (
    <Field
      label={label}
      hint={hint}
      required={required}
      className={armId ? styles.wide : undefined}
      validationMessage={error}
      validationState={error ? "error" : "none"}
    >
      <Input
        value={value}
        disabled={disabled}
        placeholder={armId ? "/subscriptions/…" : placeholder}
        inputMode={numeric ? "numeric" : undefined}
        spellCheck={false}
        autoComplete="off"
        onChange={(_, data) => onChange(armId ? readArmId(data.value) : data.value)}
      />
    </Field>
  );
}
