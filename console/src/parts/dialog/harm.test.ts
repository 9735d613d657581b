import { expect, test } from "vitest";

import { asksForName, harmOf } from "./harm";

const MINUTE = 60_000;
const people = { peopleNow: 71, peopleAtForce: 71, now: 0, warnMinutes: [60, 15, 5] };

test("people who are signed out sooner than the longest warning are the greatest harm", () => {
  expect(harmOf({ ...people, forceAt: 0 })).toBe("now");
  expect(harmOf({ ...people, forceAt: 60 * MINUTE })).toBe("now");
  expect(harmOf({ ...people, forceAt: 61 * MINUTE })).toBe("later");
});

test("without warnings only a sign-out at once is the greatest harm", () => {
  expect(harmOf({ ...people, warnMinutes: [], forceAt: 0 })).toBe("now");
  expect(harmOf({ ...people, warnMinutes: [], forceAt: MINUTE })).toBe("later");
});

test("without people it can be taken back", () => {
  expect(harmOf({ ...people, peopleNow: 0, peopleAtForce: 0, forceAt: 0 })).toBe("reversible");
});

test("a name is typed where people are signed out now and where something is removed", () => {
  expect((["none", "reversible", "later", "now", "gone"] as const).filter(asksForName)).toEqual(["now", "gone"]);
});
