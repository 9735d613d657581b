import { Field, Input } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { said } from "./form/Refusal";
import { cityOf } from "./time/format";

/** A local date and time, as they were typed: `2026-12-07` and `01:00`. */
export interface LocalMoment {
  date: string;
  time: string;
}

interface Props {
  value: LocalMoment;
  zone: string;
  /** Why the app refused it. */
  error?: string;
  onChange: (value: LocalMoment) => void;
}

/** Date and time in a zone. They are sent as they are, with the zone's name: the app alone turns them into UTC. */
export function MomentFields({ value, zone, error, onChange }: Props): ReactNode {
  return (
    <div className="fc-row">
      <Field label="Date" {...said(error)}>
        <Input type="date" value={value.date} onChange={(_, { value: date }) => onChange({ ...value, date })} />
      </Field>
      <Field label={`Time in ${cityOf(zone)}`}>
        <Input type="time" value={value.time} onChange={(_, { value: time }) => onChange({ ...value, time })} />
      </Field>
    </div>
  );
}
