import { describe, expect, it } from "vitest";

import { chosenHosts, commonStart, densityOf, merged, type GridAnswer } from "./grid";

const FIELDS = ["name", "state", "sessions", "state_since", "version", "attempt", "first"];

function answer(change: Partial<GridAnswer>): GridAnswer {
  return {
    as_of: "2026-11-30T20:00:00Z",
    mark: "a",
    whole: true,
    removed: [],
    counts: {},
    continuation: null,
    fields: FIELDS,
    states: ["pending", "done", "failed"],
    versions: ["1.0.0", "2.0.0"],
    suffix: ".contoso.local",
    items: [],
    ...change,
  } as GridAnswer;
}

const ALL = answer({
  items: [
    ["office-10", 1, 0, 1_800_000_000, 1, 1, 0],
    ["office-2", 0, 3, null, 0, 0, 1],
  ],
});

describe("the grid of hosts", () => {
  it("reads short rows by their places, and sorts by name with numbers", () => {
    const { hosts } = merged(null, ALL);
    expect(hosts).toEqual([
      {
        name: "office-2.contoso.local",
        state: "pending",
        sessions: 3,
        since: null,
        version: "1.0.0",
        attempt: 0,
        first: true,
      },
      {
        name: "office-10.contoso.local",
        state: "done",
        sessions: 0,
        since: 1_800_000_000_000,
        version: "2.0.0",
        attempt: 1,
        first: false,
      },
    ]);
  });

  it("takes what has changed, and leaves the others as the same objects in their places", () => {
    const before = merged(null, ALL);
    const after = merged(before, answer({ whole: false, mark: "b", items: [["office-2", 2, 0, null, 0, 2, 1]] }));
    expect(after.hosts.map(({ state }) => state)).toEqual(["failed", "done"]);
    expect(after.hosts[1]).toBe(before.hosts[1]);
    expect(after.mark).toBe("b");
  });

  it("is the same list when nothing has changed, loses what is gone, gains what is new", () => {
    const before = merged(null, ALL);
    expect(merged(before, answer({ whole: false })).hosts).toBe(before.hosts);
    const names = merged(
      before,
      answer({ whole: false, removed: ["office-10.contoso.local"], items: [["office-1", 0, 0, null, null, 0, 0]] }),
    ).hosts.map(({ name }) => name);
    expect(names).toEqual(["office-1.contoso.local", "office-2.contoso.local"]);
  });

  it("is filtered by state and by part of the name", () => {
    const { hosts } = merged(null, ALL);
    expect(chosenHosts(hosts, { search: "", states: new Set() })).toBe(hosts);
    expect(chosenHosts(hosts, { search: "OFFICE-1", states: new Set() })).toHaveLength(1);
    expect(chosenHosts(hosts, { search: "", states: new Set(["done"] as const) })).toHaveLength(1);
  });

  it("shortens names by what all begin with, but not within a word", () => {
    expect(commonStart(["office-0001", "office-0002"])).toBe("office-");
    expect(commonStart(["host1", "host2"])).toBe("");
    expect(commonStart(["only"])).toBe("");
  });

  it("gets denser with more hosts", () => {
    expect([200, 201, 2_000, 2_001].map(densityOf)).toEqual(["words", "icons", "icons", "rows"]);
  });
});
