import { expect, test } from "vitest";

import { ago, joinCsv, kindText, momentOf, monthsBefore, pretty, queryOf, short, spanText } from "./audit";

test("changes are asked for, unless the address says otherwise; of one request all entries", () => {
  const asked = (address: Record<string, string>): unknown => queryOf({ get: (name) => address[name] ?? "" }).kind;
  expect(asked({})).toBe("change");
  expect(asked({ kind: "outcome" })).toBe("outcome");
  expect(asked({ kind: "all" })).toBeUndefined();
  expect(asked({ correlation: "abc" })).toBeUndefined();
  expect(asked({ correlation: "abc", kind: "intent" })).toBe("intent");
});

test("the address is asked as it stands; what is empty is left out", () => {
  const address: Record<string, string> = { who: " ann ", kind: "all", pool: "", page: "p" };
  expect(queryOf({ get: (name) => address[name] ?? "" })).toEqual({ limit: 100, who: "ann", continuation: "p" });
});

test("moments are UTC, as typed", () => {
  expect(momentOf("2026-11-30T10:00")).toBe("2026-11-30T10:00Z");
  expect(momentOf("")).toBe("");
  expect(ago(Date.parse("2026-11-30T10:00:30Z"), 3_600_000)).toBe("2026-11-30T09:00Z");
});

test("months go back over the year", () => {
  expect(monthsBefore(Date.parse("2026-02-01T00:00:00Z"), 3)).toEqual(["2026-02", "2026-01", "2025-12"]);
  expect(spanText([])).toBe("no whole month");
  expect(spanText(["2026-11"])).toBe("2026-11");
});

test("values are short in the table and whole in the panel", () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(pretty("2.0.0")).toBe("2.0.0");
  expect(short("x".repeat(100))).toHaveLength(72);
  expect(short(`/subscriptions/${"0".repeat(36)}/resourceGroups/rg/providers/P/hostPools/hp-sales`)).toBe(
    "… /hostPools/hp-sales",
  );
  expect(kindText({ kind: "intent", status: null })).toBe("About to be done");
});

test("pages of CSV have one line of names", () => {
  expect(joinCsv(["a\r\n1\r\n", "a\r\n2\r\n"])).toBe("a\r\n1\r\n2\r\n");
  expect(joinCsv([])).toBe("");
});
