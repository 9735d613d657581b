/** How often a page asks for news: pure. */

/** Seconds between two polls. 0: not at all. */
export interface Pace {
  /** While the tab is seen. */
  seen: number;
  /** While it is seen, and nothing moves. Default: as `seen`. */
  quiet?: number;
  /** While it is hidden. Default: 0. */
  hidden?: number;
}

/** What is watched, and how often. */
export const PACES = {
  rollout: { seen: 2, quiet: 15, hidden: 60 },
  pools: { seen: 10, quiet: 30, hidden: 0 },
  lists: { seen: 5, quiet: 30, hidden: 0 },
  overview: { seen: 15, quiet: 15, hidden: 60 },
  settings: { seen: 60, quiet: 60, hidden: 0 },
} as const satisfies Record<string, Pace>;

export interface PollState {
  /** Polls without an answer since the last one. */
  failures: number;
  /** Counts all polls, and makes the jitter differ from poll to poll. */
  polls: number;
  /** Seconds that the last refusal asked to wait. */
  retryAfter: number | null;
  visible: boolean;
  quiet: boolean;
}

const FIRST_BACK_OFF = 2;
const LONGEST_BACK_OFF = 60;
const JITTER = 0.1;

/** Milliseconds until the next poll, or false: none. The same state gives the same answer. */
export function nextPoll(pace: Pace, state: PollState): number | false {
  const usual = state.visible ? (state.quiet ? (pace.quiet ?? pace.seen) : pace.seen) : (pace.hidden ?? 0);
  if (usual === 0) return false;
  const seconds = state.failures > 0 ? backOff(state.failures, state.retryAfter, state.visible ? 0 : usual) : usual;
  return Math.round(seconds * 1000 * (1 + JITTER * (2 * scatter(state.polls) - 1)));
}

/**
 * Seconds after so many failures: 2, 4, 8 … 60, so that a page that is seen soon says that it is old, and soon has news
 * again. Not before `Retry-After`, and never less than `least`.
 */
export function backOff(failures: number, retryAfter: number | null, least = 0): number {
  const doubled = Math.min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (failures - 1));
  return Math.max(doubled, Math.min(least, LONGEST_BACK_OFF), (retryAfter ?? 0) / (1 - JITTER));
}

/** Differs between tabs, so that they do not ask in step. */
const SEED = Math.random() * 1000;

/** A number from 0 to 1 that looks random and is the same for the same poll. */
export function scatter(poll: number, seed: number = SEED): number {
  const wave = Math.sin(poll * 12.9898 + seed) * 43758.5453;
  return wave - Math.floor(wave);
}

/** How trustworthy what is on the screen is. */
export type Freshness = "live" | "late" | "lost";

const LATE_AFTER_FAILURES = 3;
const LOST_AFTER = 60_000;

/** `late` after three polls without an answer, `lost` when there was none for a minute. */
export function freshness(failures: number, lastGoodAt: number, now: number): Freshness {
  if (failures === 0) return "live";
  if (now - lastGoodAt >= LOST_AFTER) return "lost";
  return failures >= LATE_AFTER_FAILURES ? "late" : "live";
}
