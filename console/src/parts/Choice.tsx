import { Select } from "@fluentui/react-components";
import { useId, type ReactNode } from "react";

interface Props {
  label: string;
  value: string;
  /** Value and text of each choice. */
  choices: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}

/** A filter with one choice: `Ring: all`. */
export function Choice({ label, value, choices, onChange }: Props): ReactNode {
  const id = useId();
  return (
    <span className="fc-row">
      <label htmlFor={id} className="fc-muted">
        {label}
      </label>
      <Select id={id} value={value} onChange={(_, change) => onChange(change.value)}>
        {choices.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </Select>
    </span>
  );
}
