import { Button, Field, Input, Radio, RadioGroup, Select } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { StarIcon } from "../icons";
import { Pill } from "../states";
import { cityOf, longText, myZone, useNow } from "../time";
import { candidatesOf, readBack, untilText, type Mode, type ScheduleForm } from "./schedule";
import styles from "./schedule.module.css";

interface Props {
  form: ScheduleForm;
  /** The zone that comes first in the list: the pool's. */
  poolZone: string;
  /** The id of the heading. */
  labelledBy: string;
  /** When sessions end, as the app understood the form as it stands; null: not known yet. */
  forceAt: string | null;
  /** People on the hosts now, as the page knows them. */
  people: number | null;
  dateError: string | undefined;
  zoneError: string | undefined;
  onChange: (change: Partial<ScheduleForm>) => void;
}

/** When people's sessions end: now, at a moment, or on log off with a deadline. What the app understood is read back. */
export function ScheduleFields(props: Props): ReactNode {
  const { form, people, labelledBy, onChange } = props;
  const everybody = people === null ? "" : people === 1 ? ", 1 person" : `, ${people} people`;
  return (
    <RadioGroup
      aria-labelledby={labelledBy}
      className={styles.options}
      value={form.mode}
      onChange={(_, { value }) => onChange({ mode: value as Mode, exact: "" })}
    >
      <Option {...props} mode="now" title="Schedule now">
        Everybody is signed out at once{everybody}, then all hosts are updated.
      </Option>
      <Option {...props} mode="at" title="Schedule at">
        Nothing happens until a date and time, but warnings; then as “now”.
      </Option>
      <Option {...props} mode="on_logoff" title="On log off" recommended>
        Hosts without people are updated now, others as their last user logs off. Who is still on at the deadline is
        signed out and may lose unsaved work, so give a generous one.
      </Option>
    </RadioGroup>
  );
}

interface OptionProps extends Props {
  mode: Mode;
  title: string;
  recommended?: boolean;
  children: ReactNode;
}

function Option({ mode, title, recommended, children, ...props }: OptionProps): ReactNode {
  const on = props.form.mode === mode;
  return (
    <div className={on ? `${styles.option} ${styles.on}` : styles.option}>
      <Radio
        value={mode}
        label={{
          children: (
            <>
              <span className={styles.optionTitle}>
                {title}
                {recommended && (
                  <Pill tone="ok" icon={StarIcon}>
                    Recommended
                  </Pill>
                )}
              </span>
              <span className={styles.optionText}>{children}</span>
            </>
          ),
        }}
      />
      {on && mode !== "now" && (
        <div className={styles.when}>
          <Moment {...props} />
          <ReadBack {...props} />
        </div>
      )}
    </div>
  );
}

function Moment({ form, poolZone, dateError, zoneError, onChange }: Props): ReactNode {
  const candidates = candidatesOf(dateError);
  const label = form.mode === "at" ? "Date" : "Deadline, date";
  const message = candidates.length > 0 ? "The clocks change: choose one of the two moments." : dateError;
  return (
    <>
      <div className={styles.fields}>
        <Field label={label} validationMessage={message} validationState={message ? "error" : "none"}>
          <Input type="date" value={form.date} onChange={(_, { value }) => onChange({ date: value, exact: "" })} />
        </Field>
        <Field label="Time">
          <Input type="time" value={form.time} onChange={(_, { value }) => onChange({ time: value, exact: "" })} />
        </Field>
        <Field label="Time zone" validationMessage={zoneError} validationState={zoneError ? "error" : "none"}>
          <Select value={form.zone} onChange={(_, { value }) => onChange({ zone: value, exact: "" })}>
            <ZoneOptions poolZone={poolZone} />
          </Select>
        </Field>
      </div>
      {candidates.length > 0 && (
        <div className="fc-row">
          {candidates.map((candidate) => (
            <Button key={candidate} size="small" onClick={() => onChange({ exact: candidate })}>
              {longText(Date.parse(candidate), form.zone)} (UTC{candidate.slice(-6)})
            </Button>
          ))}
        </div>
      )}
    </>
  );
}

function ZoneOptions({ poolZone }: { poolZone: string }): ReactNode {
  const mine = myZone();
  const others = Intl.supportedValuesOf("timeZone").filter((zone) => zone !== poolZone && zone !== mine);
  return (
    <>
      <option value={poolZone}>{poolZone} (the pool’s)</option>
      {mine !== poolZone && <option value={mine}>{mine} (yours)</option>}
      {["UTC", ...others].map((zone) => (
        <option key={zone} value={zone}>
          {zone}
        </option>
      ))}
    </>
  );
}

/** What the app understood: the only place where the moment is known. */
function ReadBack({ form, forceAt }: Props): ReactNode {
  const now = useNow();
  if (!forceAt) return <p className={`${styles.echo} fc-muted`}>The moment is read back here.</p>;
  const at = Date.parse(forceAt);
  const { main, others } = readBack(at, form.zone, myZone(), now);
  return (
    <p className={styles.echo}>
      <b>
        {main} in {cityOf(form.zone)}
      </b>
      , {untilText(at, now)}.<br />
      <span className="fc-muted fc-small">{others}</span>
    </p>
  );
}
