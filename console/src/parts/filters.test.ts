import { expect, test } from "vitest";

import { matches, withChange } from "./filters";

test("every word of a search has to occur, in any text and case", () => {
  expect(matches("OFF 2.0", "office", "2.0.0")).toBe(true);
  expect(matches("off 3", "office", "2.0.0")).toBe(false);
  expect(matches("", "office")).toBe(true);
  expect(matches("x", null, undefined)).toBe(false);
});

test("an empty filter leaves the address", () => {
  const before = new URLSearchParams("search=off&ring=test");
  expect(withChange(before, { search: "", image: "win11" }).toString()).toBe("ring=test&image=win11");
});
