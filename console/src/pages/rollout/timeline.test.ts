import { expect, it } from "vitest";

import type { Rollout } from "./rollout";
import { lineOfTime } from "./timeline";

const BEGUN = Date.parse("2026-11-30T20:00:00Z");
const HOUR = 3_600_000;

function rollout(change: Partial<Rollout> = {}): Rollout {
  return {
    state: "running",
    started_at: "2026-11-30T20:00:00Z",
    ended_at: null,
    schedule: { mode: "on_logoff", begin_at: "2026-11-30T20:00:00Z", force_at: "2026-12-01T00:00:00Z" },
    first_hosts: { total: 1, proved_at: "2026-11-30T20:30:00Z" },
    warnings: ["2026-11-30T23:00:00Z", "2026-11-30T23:59:00Z"],
    expected_end: "2026-12-01T00:30:00Z",
    expected_end_bounds: ["2026-11-30T23:30:00Z", "2026-12-01T01:00:00Z"],
    ...change,
  } as unknown as Rollout;
}

it("places what was and what comes between the begin and the latest end", () => {
  const line = lineOfTime(rollout(), BEGUN + HOUR);
  expect(line?.now).toBe(20);
  expect(line?.band).toEqual([70, 100]);
  expect(line?.moments.map(({ kind, place }) => [kind, Math.round(place)])).toEqual([
    ["begin", 0],
    ["proved", 10],
    ["warning", 60],
    ["deadline", 80],
    ["end", 90],
  ]);
});

it("leaves out warnings whose moment was over before it began: nobody was warned then", () => {
  const late = rollout({ warnings: ["2026-11-30T19:30:00Z", "2026-11-30T23:00:00Z"] });
  const line = lineOfTime(late, BEGUN + HOUR);
  expect(line?.moments[0]?.kind).toBe("begin");
  expect(line?.moments.filter(({ kind }) => kind === "warning")).toHaveLength(1);
});

it("has no present and no band after the end", () => {
  const line = lineOfTime(rollout({ state: "succeeded", ended_at: "2026-12-01T00:00:00Z" }), BEGUN + 50 * HOUR);
  expect(line?.now).toBeNull();
  expect(line?.band).toBeNull();
  expect(line?.moments.at(-1)?.kind).toBe("ended");
});

it("is nothing when only one moment is known", () => {
  const lone = rollout({ schedule: null, first_hosts: null, expected_end: null, expected_end_bounds: null });
  expect(lineOfTime(lone, BEGUN + HOUR)).toBeNull();
});
