import { describe, expect, it } from "vitest";

import { attentionOf, endText, isQuiet, lineOf, titleOf, workText, type Rollout } from "./rollout";

const ROLLOUT = {
  kind: "update",
  pool: "office",
  image: "win11-office",
  version: "2.0.0",
  from_version: "1.0.0",
  state: "running",
  counts: { done: 31, reimaging: 6, joining: 3, pending: 20 },
  versions: { "2.0.0": 31, "1.0.0": 29 },
  hosts: 60,
  schedule: { mode: "on_logoff" },
  requested_by: "operator@contoso.com",
  reason: "November patches",
  created_at: "2026-11-30T20:00:00Z",
  started_at: "2026-11-30T20:00:00Z",
  ended_at: null,
  sessions_signed_out: 0,
  note: null,
  next: null,
  policy: { on_failure: "pause" },
  failures_allowed: 3,
  at_once_now: 15,
} as unknown as Rollout;

function rollout(change: Partial<Rollout>): Rollout {
  return { ...ROLLOUT, ...change };
}

describe("words of a rollout", () => {
  it("names pool and version", () => {
    expect(titleOf(ROLLOUT)).toBe("office to 2.0.0");
    expect(titleOf(rollout({ kind: "refresh" }))).toBe("Refresh of office");
    expect(titleOf(rollout({ kind: "roll_back", version: "1.0.0" }))).toBe("office back to 1.0.0");
  });

  it("says what, how, who and why in one line", () => {
    expect(lineOf(ROLLOUT)).toBe(
      "win11-office 1.0.0 to 2.0.0, on log off. Asked for by operator@contoso.com: “November patches”.",
    );
    expect(lineOf(rollout({ requested_by: "", reason: "", schedule: null, from_version: null }))).toBe(
      "win11-office 2.0.0.",
    );
  });

  it("counts hosts done and in work", () => {
    expect(workText(ROLLOUT)).toBe("31 of 60 hosts done, 9 in work, at most 15 at once");
  });

  it("says how it ended", () => {
    const ended = { ended_at: "2026-11-30T22:31:00Z", state: "succeeded", versions: { "2.0.0": 60 } } as const;
    expect(endText(rollout(ended))).toBe("All 60 hosts are on 2.0.0. 0 people were signed out. 2 h 31 min.");
    expect(endText(rollout({ ...ended, state: "cancelled", versions: { "2.0.0": 31, "1.0.0": 29 } }))).toContain(
      "Mixed: 31 on 2.0.0, 29 on 1.0.0.",
    );
    expect(endText(ROLLOUT)).toBe("");
  });
});

describe("what needs somebody", () => {
  it("is nothing while it runs well", () => {
    expect(attentionOf(ROLLOUT)).toBeNull();
  });

  it("is a failed host, and when it stops", () => {
    const found = attentionOf(rollout({ counts: { failed: 1 } }));
    expect(found).toEqual({
      tone: "error",
      title: "1 host failed.",
      text: "It goes on; it pauses when more than 3 hosts fail.",
    });
  });

  it("is an approval", () => {
    expect(attentionOf(rollout({ state: "awaiting_approval" }))?.tone).toBe("warning");
  });
});

it("asks rarely for what rests, and no more for what has ended", () => {
  expect(isQuiet(ROLLOUT)).toBe(false);
  expect(isQuiet(rollout({ state: "paused" }))).toBe(true);
  expect(isQuiet(rollout({ state: "failed" }))).toBe("ended");
});
