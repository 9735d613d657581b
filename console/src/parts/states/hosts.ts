import type { ComponentType } from "react";

import type { HostState } from "../../api";
import * as icons from "../icons";

export interface HostStateLook {
  word: string;
  /** On a tile, where it is narrow. */
  short: string;
  /** Class that sets `--c` (edge), `--t` (tint) and `--ic` (icon). */
  className: string;
  icon: ComponentType<{ className?: string }>;
}

/** Each state of a host: word, colour and icon. In the order of the bar: done first, what ended otherwise last. */
export const HOST_STATES: Readonly<Record<HostState, HostStateLook>> = {
  done: { word: "Done", short: "Done", className: "fc-s-done", icon: icons.DoneIcon },
  verifying: { word: "Verifying", short: "Verifying", className: "fc-s-verifying", icon: icons.VerifyingIcon },
  joining: { word: "Joining", short: "Joining", className: "fc-s-joining", icon: icons.JoiningIcon },
  reimaging: { word: "Re-imaging", short: "Re-imaging", className: "fc-s-reimaging", icon: icons.WorkingIcon },
  signing_out: { word: "Signing out", short: "Signing out", className: "fc-s-signing", icon: icons.SignOutIcon },
  waiting_for_logoff: {
    word: "Waiting for log off",
    short: "Waits",
    className: "fc-s-waiting",
    icon: icons.WaitingIcon,
  },
  draining: { word: "Draining", short: "Draining", className: "fc-s-draining", icon: icons.DrainingIcon },
  pending: { word: "Pending", short: "Pending", className: "fc-s-pending", icon: icons.PendingIcon },
  skipped: { word: "Skipped", short: "Skipped", className: "fc-s-skipped", icon: icons.SkippedIcon },
  failed: { word: "Failed", short: "Failed", className: "fc-s-failed", icon: icons.FailedIcon },
};

export const HOST_STATE_ORDER = Object.keys(HOST_STATES) as readonly HostState[];

/** The states that have hosts, in the order of the bar. States of a newer app that are unknown here are left out. */
export function countedStates(counts: Readonly<Record<string, number>>): { state: HostState; count: number }[] {
  return HOST_STATE_ORDER.map((state) => ({ state, count: counts[state] ?? 0 })).filter(({ count }) => count > 0);
}

/** `31 done, 6 re-imaging`: the bar for those who do not see it. */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return countedStates(counts)
    .map(({ state, count }) => `${count} ${HOST_STATES[state].word.toLowerCase()}`)
    .join(", ");
}
