import type { ComponentType, ReactNode } from "react";

import type { ApiError, Model } from "../../../api";
import { EmptyState } from "../../../parts/EmptyState";
import * as icons from "../../../parts/icons";
import { ProblemBar } from "../../../parts/ProblemBar";
import { Time } from "../../../parts/time";
import styles from "../rollout.module.css";

type Event = Model<"RolloutEventView">;

const ICONS: Readonly<Record<string, ComponentType>> = {
  host_done: icons.DoneIcon,
  host_failed: icons.FailedIcon,
  host_skipped: icons.SkippedIcon,
  first_host_proved: icons.VerifyingIcon,
  canary_passed: icons.VerifyingIcon,
  approved: icons.CheckIcon,
  waits_for_approval: icons.WaitingIcon,
  warned: icons.PersonIcon,
  signed_out: icons.SignOutIcon,
  moved: icons.ScheduledIcon,
  paused: icons.PausedIcon,
  retried: icons.RetryIcon,
  resumed: icons.WorkingIcon,
  begun: icons.WorkingIcon,
  ended: icons.DoneIcon,
};
const BAD: ReadonlySet<string> = new Set(["host_failed", "paused"]);

interface Props {
  /** Undefined: not read yet. */
  events: readonly Event[] | undefined;
  error: ApiError | null;
}

/** Events with their moment, newest first. */
export function EventList({ events, error }: Props): ReactNode {
  if (!events) return error ? <ProblemBar problem={error} /> : <p className="fc-muted">Reading …</p>;
  if (events.length === 0) return <EmptyState text="Nothing has happened yet." />;
  return (
    <ul className={styles.events}>
      {events.map((event) => {
        const Icon = ICONS[event.kind] ?? icons.InfoIcon;
        return (
          <li key={event.id}>
            <span className="fc-muted fc-small">
              <Time at={event.at} />
            </span>
            <span className={BAD.has(event.kind) ? styles.bad : undefined} aria-hidden>
              <Icon />
            </span>
            <div>
              <div className="fc-anywhere">{event.text.text}</div>
              {event.who && <div className="fc-muted fc-small fc-anywhere">{event.who}</div>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
