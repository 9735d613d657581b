import { describe, expect, test } from "vitest";

import {
  cityOf,
  differenceText,
  durationText,
  longText,
  momentText,
  nearText,
  nextMonday,
  offsetOf,
  relativeText,
  unbroken,
} from "./format";

const at = (iso: string): number => Date.parse(iso);
const MONDAY = at("2026-12-07T00:00:00Z");
const NOW = at("2026-11-30T12:00:00Z");

describe("a moment", () => {
  test("is written in the zone that is asked for", () => {
    expect(longText(MONDAY, "Europe/Amsterdam")).toBe("Monday 7 December 2026 at 01:00");
    expect(longText(MONDAY, "America/New_York")).toBe("Sunday 6 December 2026 at 19:00");
    expect(longText(MONDAY, "UTC")).toBe("Monday 7 December 2026 at 00:00");
  });

  test("is a time today, has a date on another day, and a year in another year", () => {
    expect(momentText(at("2026-11-30T22:41:00Z"), "Europe/Amsterdam", NOW)).toBe("23:41");
    expect(momentText(MONDAY, "Europe/Amsterdam", NOW)).toBe("Mon 7 Dec, 01:00");
    expect(momentText(at("2027-01-04T00:00:00Z"), "UTC", NOW)).toBe("Mon 4 Jan 2027, 00:00");
  });

  test("in a zone that the browser does not know is written in UTC", () => {
    expect(longText(MONDAY, "Mars/Olympus")).toBe("Monday 7 December 2026 at 00:00");
  });

  test("is relative within a day only", () => {
    expect(nearText(NOW + 19 * 60_000, "UTC", NOW)).toBe("in 19 min");
    expect(nearText(NOW + 25 * 3_600_000, "UTC", NOW)).toBe("Tue 1 Dec, 13:00");
  });
});

test("lengths are in seconds below 90 s, then minutes, hours, days", () => {
  expect(durationText(45_000)).toBe("45 s");
  expect(durationText(89_999)).toBe("89 s");
  expect(durationText(4 * 60_000 + 30_000)).toBe("4 min");
  expect(durationText(151 * 60_000)).toBe("2 h 31 min");
  expect(durationText(169 * 3_600_000)).toBe("7 days 1 h");
  expect(durationText(-5)).toBe("0 s");
  expect(relativeText(NOW - 60_000, NOW)).toBe("60 s ago");
  expect(unbroken(relativeText(NOW + 28 * 3_600_000, NOW))).toBe("in\u00a01\u00a0day\u00a04\u00a0h");
});

test("the difference of two zones is said in hours, also half ones, and not at all without one", () => {
  expect(differenceText("Europe/Amsterdam", "America/New_York", NOW)).toBe("You are 6 hours behind.");
  expect(differenceText("America/New_York", "Europe/Amsterdam", NOW)).toBe("You are 6 hours ahead.");
  expect(differenceText("Asia/Kolkata", "Asia/Karachi", NOW)).toBe("You are 0.5 hours behind.");
  expect(differenceText("Europe/Berlin", "Europe/Amsterdam", NOW)).toBe("");
  expect(offsetOf("UTC", NOW)).toBe(0);
});

test("the next Monday goes by the calendar of the zone", () => {
  expect(nextMonday("UTC", at("2026-11-29T23:30:00Z"))).toBe("2026-11-30");
  // In Amsterdam it is Monday already: the next one is in a week.
  expect(nextMonday("Europe/Amsterdam", at("2026-11-29T23:30:00Z"))).toBe("2026-12-07");
  expect(nextMonday("UTC", at("2026-12-01T10:00:00Z"))).toBe("2026-12-07");
});

test("a zone is called by its city", () => {
  expect(cityOf("America/New_York")).toBe("New York");
  expect(cityOf("America/Argentina/Buenos_Aires")).toBe("Buenos Aires");
  expect(cityOf("UTC")).toBe("UTC");
});
