import { expect, it } from "vitest";

import type { GridHost } from "./grid";
import { stepOf, type Typed } from "./keys";

const HOSTS = Array.from({ length: 60 }, (_, index) => ({
  name: `office-${String(index + 1).padStart(4, "0")}.contoso.local`,
})) as GridHost[];

function press(key: string, index: number, typed: Typed = { text: "", at: 0 }, now = 10_000): number | null {
  return stepOf({ key, ctrlKey: false, metaKey: false, altKey: false }, index, HOSTS, 7, typed, now);
}

it("goes by place and stays within the grid", () => {
  expect(press("ArrowRight", 0)).toBe(1);
  expect(press("ArrowDown", 0)).toBe(7);
  expect(press("ArrowUp", 3)).toBe(3);
  expect(press("End", 0)).toBe(59);
  expect(press("Tab", 0)).toBeNull();
});

it("finds a name by the digits that are typed one after the other", () => {
  const typed = { text: "", at: 0 };
  press("1", 0, typed, 10_000);
  expect(press("7", 0, typed, 10_300)).toBe(16);
  expect(press("o", 16, typed, 20_000)).toBe(17);
});
