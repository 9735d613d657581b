import { Button, Checkbox, Input } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { FieldGroup } from "../FieldGroup";
import styles from "./policy.module.css";
import { DAYS, NEW_WINDOW, windowText, type Window } from "./windows";

interface Props {
  label: string;
  hint?: string;
  windows: readonly Window[];
  error: string | undefined;
  onChange: (windows: Window[]) => void;
}

/** Windows on days of the week. One that ends before it begins goes over midnight. */
export function WindowsField({ label, hint, windows, error, onChange }: Props): ReactNode {
  const change = (index: number, part: Partial<Window>): void =>
    onChange(windows.map((window, each) => (each === index ? { ...window, ...part } : window)));
  return (
    <FieldGroup label={label} hint={hint} error={error}>
      {windows.map((window, index) => (
        <One
          key={index}
          window={window}
          number={index + 1}
          onChange={(part) => change(index, part)}
          onRemove={() => onChange(windows.filter((_, each) => each !== index))}
        />
      ))}
      <Button size="small" onClick={() => onChange([...windows, NEW_WINDOW])}>
        Add a window
      </Button>
    </FieldGroup>
  );
}

interface OneProps {
  window: Window;
  number: number;
  onChange: (part: Partial<Window>) => void;
  onRemove: () => void;
}

function One({ window, number, onChange, onRemove }: OneProps): ReactNode {
  const { days } = window;
  return (
    <fieldset className={styles.window}>
      <legend className="fc-small">{windowText(window)}</legend>
      <div className={styles.days}>
        {DAYS.map(([day, text]) => (
          <Checkbox
            key={day}
            label={text}
            checked={days.includes(day)}
            onChange={(_, { checked }) =>
              onChange({
                days: DAYS.map(([each]) => each).filter((each) => (each === day ? checked : days.includes(each))),
              })
            }
          />
        ))}
      </div>
      <div className="fc-row">
        <Input
          type="time"
          aria-label={`Window ${number} begins`}
          value={window.from}
          onChange={(_, { value }) => onChange({ from: value })}
        />
        to
        <Input
          type="time"
          aria-label={`Window ${number} ends`}
          value={window.to === "24:00" ? "00:00" : window.to}
          onChange={(_, { value }) => onChange({ to: value })}
        />
        <Button size="small" onClick={onRemove}>
          Remove<span className="fc-sr"> window {number}</span>
        </Button>
      </div>
    </fieldset>
  );
}
