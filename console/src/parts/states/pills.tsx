import type { ComponentType, ReactNode } from "react";

import type { HostState, RolloutState, TaskState } from "../../api";
import * as icons from "../icons";
import { HOST_STATES } from "./hosts";
import "./states.css";

/** What a colour means: `work` moves, `ok` ended well, `warn` needs somebody, `bad` is wrong, `plain` rests. */
export type Tone = "work" | "ok" | "warn" | "bad" | "plain";

interface PillProps {
  tone: Tone;
  icon?: ComponentType<{ className?: string }>;
  children: ReactNode;
}

/** A state in a word, with colour and icon. */
export function Pill({ tone, icon: Icon, children }: PillProps): ReactNode {
  return (
    <span className={`fc-pill fc-pill-${tone}`}>
      {Icon && (
        <span aria-hidden className={Icon === icons.WorkingIcon ? "fc-spin" : undefined}>
          <Icon />
        </span>
      )}
      {children}
    </span>
  );
}

type Look = readonly [word: string, tone: Tone, icon: ComponentType<{ className?: string }>];

const ROLLOUTS: Readonly<Record<RolloutState, Look>> = {
  scheduled: ["Scheduled", "plain", icons.ScheduledIcon],
  running: ["Running", "work", icons.WorkingIcon],
  awaiting_approval: ["Waits for approval", "warn", icons.WaitingIcon],
  paused: ["Paused", "warn", icons.PausedIcon],
  rolling_back: ["Rolling back", "work", icons.WorkingIcon],
  cancelling: ["Stopping", "work", icons.WorkingIcon],
  succeeded: ["Succeeded", "ok", icons.DoneIcon],
  failed: ["Failed", "bad", icons.FailedIcon],
  cancelled: ["Cancelled", "plain", icons.SkippedIcon],
  rolled_back: ["Rolled back", "plain", icons.SkippedIcon],
};

export function rolloutStateText(state: string): string {
  return (ROLLOUTS as Readonly<Record<string, Look>>)[state]?.[0] ?? state.replaceAll("_", " ");
}

/** The state of a rollout or a task: both have the same words. */
export function RolloutPill({ state }: { state: RolloutState | TaskState }): ReactNode {
  const look = (ROLLOUTS as Readonly<Record<string, Look>>)[state];
  const [word, tone, icon] = look ?? [rolloutStateText(state), "plain", icons.InfoIcon];
  return (
    <Pill tone={tone} icon={icon}>
      {word}
    </Pill>
  );
}

/** The state of a host, as an icon and a word. */
export function HostStateText({ state }: { state: HostState }): ReactNode {
  const { className, icon: Icon, word } = HOST_STATES[state];
  return (
    <span className="fc-host-state">
      <span className={`${className} fc-state-icon`} aria-hidden>
        <Icon />
      </span>
      {word}
    </span>
  );
}
