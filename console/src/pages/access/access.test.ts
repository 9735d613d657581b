import { expect, test } from "vitest";

import { countOf, toRequest as capsRequest, whyNoLift, type Caps } from "./caps/caps";
import { principalOf, whyNoGrant } from "./grants/grants";
import { stateOf, whyNoKey } from "./keys/keys";
import { windowText } from "../../parts/policy/windows";
import { EMPTY, toRequest } from "./limits/limits";

const TENANT = "11111111-2222-4333-8444-555555555555";

test("a principal is two ids", () => {
  expect(principalOf(` ${TENANT.toUpperCase()} `, TENANT)).toBe(`${TENANT}.${TENANT}`);
  expect(principalOf(TENANT, "ann@contoso.com")).toBeNull();
});

test("nobody is given a second grant by mistake", () => {
  const there = { principal: "p" } as never;
  expect(whyNoGrant("p", ["*"], [there])).toContain("Edit that one");
  expect(whyNoGrant("q", [], [there])).toContain("account");
  expect(whyNoGrant("q", ["*"], [there])).toBeNull();
});

test("a key ends by its date or by being revoked", () => {
  const now = Date.parse("2026-11-30T10:00:00Z");
  expect(stateOf({ revoked_at: null, expires_at: "2026-12-01T00:00:00Z" }, now)).toBe("valid");
  expect(stateOf({ revoked_at: null, expires_at: "2026-11-30T10:00:00Z" }, now)).toBe("expired");
  expect(stateOf({ revoked_at: "2026-11-01T00:00:00Z", expires_at: "2026-12-01T00:00:00Z" }, now)).toBe("revoked");
  expect(whyNoKey("a", ["*"], 366)).toContain("365");
  expect(whyNoKey("a", ["*"], Number("x"))).toContain("365");
});

test("an empty limit or cap is none; what is no number goes as it is", () => {
  expect(toRequest({ ...EMPTY, least_min_available: "30 %", notice_minutes: "x" })).toMatchObject({
    least_min_available: "30%",
    most_max_unavailable: null,
    least_canary_hosts: 0,
    notice_minutes: "x",
  });
  expect(capsRequest({ hosts_per_hour: "40", sign_outs_per_hour: "", pools_per_hour: " " })).toEqual({
    hosts_per_hour: 40,
    sign_outs_per_hour: null,
    pools_per_hour: null,
  });
});

test("windows and use in words", () => {
  expect(windowText({ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "22:00", to: "05:00" })).toBe(
    "Every day 22:00 to 05:00",
  );
  const use = { hosts: 1, sign_outs: 2, pools: ["a", "b", "c"] };
  const caps = { used: use, used_by_roll_backs: use, pools_per_hour: 5 } as Caps;
  expect(countOf(caps, "pools_per_hour")).toEqual({ used: 3, backs: 3, cap: 5 });
  expect(whyNoLift("73", "x")).toContain("72");
  expect(whyNoLift("2", " ")).toContain("reason");
});
