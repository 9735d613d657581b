import { Button, Checkbox, Input } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { FieldGroup } from "../../../parts/FieldGroup";
import styles from "../access.module.css";
import { DAYS, windowText, type Window } from "./limits";

interface Props {
  windows: readonly Window[];
  error: string | undefined;
  onChange: (windows: Window[]) => void;
}

const NEW: Window = { days: DAYS.map(([day]) => day), from: "22:00", to: "05:00" };

/** Windows on days of the week. One that ends before it begins goes over midnight. */
export function WindowsField({ windows, error, onChange }: Props): ReactNode {
  const change = (index: number, part: Partial<Window>): void =>
    onChange(windows.map((window, each) => (each === index ? { ...window, ...part } : window)));
  return (
    <FieldGroup
      label="Windows"
      hint="Rollouts keep to windows within these, in the pool’s time zone. None: any time."
      error={error}
    >
      {windows.map((window, index) => (
        <One
          key={index}
          window={window}
          number={index + 1}
          onChange={(part) => change(index, part)}
          onRemove={() => onChange(windows.filter((_, each) => each !== index))}
        />
      ))}
      <Button size="small" onClick={() => onChange([...windows, NEW])}>
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
              onChange({ days: checked ? [...days, day] : days.filter((each) => each !== day) })
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
