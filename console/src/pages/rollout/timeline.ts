import type { Rollout } from "./rollout";
import { hasEnded } from "./rollout";

/** The line of time: which moments stand on it, and where. Pure. */
export interface Moment {
  /** Milliseconds since 1970. */
  at: number;
  text: string;
  kind: "begin" | "proved" | "warning" | "deadline" | "end" | "ended";
  /** Where it stands, from 0 to 100. */
  place: number;
  /** Whether its text stands above the line; neighbours take turns. */
  above: boolean;
}

export interface Line {
  moments: readonly Moment[];
  /** Where the present stands; null when the rollout has ended. */
  now: number | null;
  /** From where to where its end is expected. */
  band: readonly [number, number] | null;
}

interface Found {
  at: number;
  text: string;
  kind: Moment["kind"];
}

/** What may stand closer than this is one: its text would lie over the other's. */
const LEAST_APART = 9;

/** And these are one moment. */
const SAME = 2;

/** Null: there is nothing to place, such as a refresh without an end. */
export function lineOfTime(rollout: Rollout, now: number): Line | null {
  const found = momentsOf(rollout).sort((one, other) => one.at - other.at);
  const first = found[0];
  const ended = hasEnded(rollout);
  const last = Math.max(...found.map(({ at }) => at), ended ? 0 : now, ...(ended ? [] : boundsOf(rollout)));
  if (!first || found.length < 2 || last <= first.at) return null;
  const start = Math.min(first.at, ended ? first.at : now);
  const placeOf = (at: number): number => Math.min(100, Math.max(0, (100 * (at - start)) / (last - start)));
  const [low, high] = boundsOf(rollout);
  return {
    moments: apart(found.map((one) => ({ ...one, place: placeOf(one.at) }))),
    now: ended ? null : placeOf(now),
    band: !ended && low !== undefined && high !== undefined ? [placeOf(low), placeOf(high)] : null,
  };
}

function boundsOf({ expected_end_bounds: bounds }: Rollout): number[] {
  return bounds?.map((at) => Date.parse(at)) ?? [];
}

function momentsOf(rollout: Rollout): Found[] {
  const found: Found[] = [];
  const add = (at: string | null | undefined, text: string, kind: Moment["kind"]): void => {
    if (at) found.push({ at: Date.parse(at), text, kind });
  };
  add(rollout.started_at ?? rollout.schedule?.begin_at, rollout.started_at ? "begun" : "begins", "begin");
  add(rollout.first_hosts?.proved_at, "first host proved good", "proved");
  if (rollout.schedule && rollout.schedule.mode !== "now") {
    const from = Date.parse(rollout.started_at ?? rollout.schedule.begin_at ?? rollout.created_at);
    for (const at of rollout.warnings ?? []) if (Date.parse(at) >= from) add(at, "people are warned", "warning");
    add(rollout.schedule.force_at, "deadline", "deadline");
  }
  if (rollout.ended_at) add(rollout.ended_at, "ended", "ended");
  else add(rollout.expected_end, "expected end", "end");
  return found;
}

/** Leaves out warnings that would lie over a neighbour, and lets the texts stand above and below in turns. */
function apart(moments: readonly Omit<Moment, "above">[]): Moment[] {
  const kept: Omit<Moment, "above">[] = [];
  for (const moment of moments) {
    const before = kept.at(-1);
    const near = before !== undefined && moment.place - before.place < LEAST_APART;
    if (near && moment.kind === "warning") continue;
    if (near && before.kind === "warning") kept.pop();
    const isSame = near && moment.kind === "end" && before.kind === "deadline" && moment.place - before.place < SAME;
    if (isSame) {
      kept[kept.length - 1] = { ...before, text: `${before.text}, ${moment.text}` };
      continue;
    }
    kept.push(moment);
  }
  return kept.map((moment, index) => ({ ...moment, above: index % 2 === 0 }));
}
