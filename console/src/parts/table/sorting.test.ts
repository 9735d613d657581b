import { expect, test } from "vitest";

import { nextSort, sorted } from "./sorting";

test("names sort as people count, and what is unknown comes last in both orders", () => {
  const rows = ["host-10", "", "host-9", "Host-1"];
  expect(sorted(rows, (row) => row, "asc")).toEqual(["Host-1", "host-9", "host-10", ""]);
  expect(sorted(rows, (row) => row, "desc")).toEqual(["host-10", "host-9", "Host-1", ""]);
  expect(sorted([3, null, 1], (row) => row, "desc")).toEqual([3, 1, null]);
});

test("a second press on a header turns the order round", () => {
  const first = nextSort(null, "name");
  expect(first).toEqual({ column: "name", order: "asc" });
  expect(nextSort(first, "name").order).toBe("desc");
  expect(nextSort(first, "hosts")).toEqual({ column: "hosts", order: "asc" });
});
