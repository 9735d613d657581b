import { useRef, useState, type ReactNode } from "react";

import { late } from "../late";
import { cityOf, differenceText, durationText, longText, momentText, nearText, relativeText, unbroken } from "./format";
import { useNow } from "./useNow";
import { useZones } from "./zones";

const { Late: ThreeZones } = late(async () => (await import("./ThreeZones")).ThreeZones);

/** How a moment is written: `23:41` or `Mon 7 Dec, 01:00`; `in 19 min`; or both; or all of it with the city. */
export type TimeForm = "moment" | "relative" | "both" | "deadline";

interface Props {
  /** ISO 8601 in UTC, as the API gives it. */
  at: string;
  form?: TimeForm;
}

/** A moment. Pointer, focus or tap shows it in the pool's zone, the viewer's and UTC. */
export function Time({ at, form = "moment" }: Props): ReactNode {
  const zones = useZones();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  const moment = Date.parse(at);
  const now = useNow(form === "moment" ? 60_000 : 1_000);
  // The popover is only loaded and made when it is asked for: a table has hundreds of times.
  return (
    <>
      <button
        type="button"
        className="fc-time"
        ref={button}
        aria-expanded={open}
        onPointerEnter={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
      >
        <time dateTime={at}>{write(moment, form, zones.shown, now)}</time>
      </button>
      {open && <ThreeZones at={moment} button={button} onClose={close} onMissing={close} />}
    </>
  );
}

function write(at: number, form: TimeForm, zone: string, now: number): string {
  if (form === "relative") return nearText(at, zone, now);
  if (form === "both") return `${momentText(at, zone, now)}, ${unbroken(relativeText(at, now))}`;
  if (form === "deadline") return `${longText(at, zone)} in ${cityOf(zone)}, ${relativeText(at, now)}`;
  return momentText(at, zone, now);
}

/** Says once on a page which zone its times are in: `Times in Amsterdam. You are 6 hours behind.` */
export function ZoneNote(): ReactNode {
  const { shown, mine } = useZones();
  const now = useNow(60_000);
  return (
    <span className="fc-muted fc-small">
      Times in {cityOf(shown)}. {differenceText(shown, mine, now)}
    </span>
  );
}

/** A length that grows: `4 min` since a moment. */
export function Since({ at }: { at: string }): ReactNode {
  const now = useNow();
  return <time dateTime={at}>{durationText(now - Date.parse(at))}</time>;
}
