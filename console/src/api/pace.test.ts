import { describe, expect, test } from "vitest";

import { backOff, freshness, nextPoll, scatter, type PollState } from "./pace";

const calm: PollState = { failures: 0, polls: 1, retryAfter: null, visible: true, quiet: false };
const pace = { seen: 2, quiet: 15, hidden: 60 };
const seconds = (state: Partial<PollState>, of: { seen: number; quiet?: number; hidden?: number } = pace): number =>
  Number(nextPoll(of, { ...calm, ...state })) / 1000;

describe("the next poll", () => {
  test("comes after the pace of what is seen, quiet or hidden, give or take a tenth", () => {
    for (let polls = 0; polls < 200; polls += 1) {
      expect(Math.abs(seconds({ polls }) - 2)).toBeLessThanOrEqual(0.201);
      expect(Math.abs(seconds({ polls, quiet: true }) - 15)).toBeLessThanOrEqual(1.501);
      expect(Math.abs(seconds({ polls, visible: false }) - 60)).toBeLessThanOrEqual(6.001);
    }
  });

  test("does not come for a hidden tab whose pace has no time for it", () => {
    expect(nextPoll({ seen: 10 }, { ...calm, visible: false })).toBe(false);
  });

  test("is at the same moment however often it is asked for", () => {
    expect(nextPoll(pace, calm)).toBe(nextPoll(pace, calm));
  });

  test("never comes before Retry-After, whatever the jitter", () => {
    for (let polls = 0; polls < 200; polls += 1) {
      expect(seconds({ polls, failures: 1, retryAfter: 30 })).toBeGreaterThanOrEqual(30);
    }
  });
});

test("after errors it is tried again in 2, 4, 8 … 60 s, and in a hidden tab not sooner than usual", () => {
  expect([1, 2, 3, 4, 5, 6, 20].map((failures) => backOff(failures, null))).toEqual([2, 4, 8, 16, 32, 60, 60]);
  expect(backOff(1, null, 15)).toBe(15);
  expect(seconds({ failures: 1, quiet: true })).toBeLessThan(2.3);
  expect(seconds({ failures: 1, visible: false })).toBeGreaterThan(50);
});

test("the jitter differs from poll to poll and from tab to tab", () => {
  const values = Array.from({ length: 50 }, (_, poll) => scatter(poll, 1));
  expect(new Set(values).size).toBe(50);
  expect(scatter(1, 1)).not.toBe(scatter(1, 2));
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThanOrEqual(1);
});

test("what is shown is late after three polls without an answer and lost after a minute", () => {
  expect(freshness(0, 0, 3_600_000)).toBe("live");
  expect(freshness(2, 0, 10_000)).toBe("live");
  expect(freshness(3, 0, 10_000)).toBe("late");
  expect(freshness(1, 0, 60_000)).toBe("lost");
});
