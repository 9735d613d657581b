import { expect, test } from "vitest";

import { sentence } from "../../parts/MessageText";
import { readNumber } from "../../parts/policy/values";
import { candidatesOf } from "../../parts/schedule";
import { firstForm, toRequest, whatIsMissing, type Form } from "./form";
import { networksText, sizesText } from "./kept";

const pool = { image: "win11-office", version: "1.0.0", time_zone: "Europe/Amsterdam" };
const form: Form = firstForm(pool, "2.0.0", Date.parse("2026-11-30T12:00:00Z"));

test("the form begins with the active version, on log off until next Monday 01:00 of the pool's zone", () => {
  expect(form).toMatchObject({ version: "2.0.0", mode: "on_logoff", date: "2026-12-07", time: "01:00" });
  expect(firstForm(pool, "1.0.0", 0).version).toBe("");
  expect(firstForm(pool, null, 0).version).toBe("");
});

test("each mode sends its own date, local and with the zone's name", () => {
  expect(toRequest(form).schedule).toEqual({
    mode: "on_logoff",
    deadline: "2026-12-07T01:00",
    time_zone: "Europe/Amsterdam",
  });
  expect(toRequest({ ...form, mode: "at" }).schedule).toMatchObject({ mode: "at", at: "2026-12-07T01:00" });
  expect(toRequest({ ...form, mode: "now" }).schedule).toEqual({ mode: "now" });
  expect(toRequest({ ...form, exact: "2027-10-31T02:30:00+01:00" }).schedule).toMatchObject({
    deadline: "2027-10-31T02:30:00+01:00",
  });
});

test("a policy is only sent when something of it was changed", () => {
  expect(toRequest(form)).not.toHaveProperty("policy");
  expect(toRequest({ ...form, policy: { canary_hosts: 0 } }).policy).toEqual({ canary_hosts: 0 });
});

test("without version or date nothing is asked", () => {
  expect(whatIsMissing({ ...form, version: "" })).toBe("Select a version first.");
  expect(whatIsMissing({ ...form, date: "" })).toBe("Give a date and a time.");
  expect(whatIsMissing({ ...form, date: "", mode: "now" })).toBeNull();
});

test("only a refusal with two moments offers them", () => {
  expect(candidatesOf("this is in the past; it is 2026-11-30T12:00:00+01:00 now")).toEqual([]);
  expect(candidatesOf(undefined)).toEqual([]);
});

test("numbers and shares are sent as such, other texts as they are", () => {
  expect(readNumber("10", true)).toBe(10);
  expect(readNumber("25 %", true)).toBe("25%");
  expect(readNumber("many", false)).toBe("many");
  expect(readNumber(" ", false)).toBeUndefined();
});

test("clauses of the app become sentences", () => {
  expect(sentence("no lock blocks the rollout")).toBe("No lock blocks the rollout.");
  expect(sentence("Remove it.")).toBe("Remove it.");
  expect(sentence("")).toBe("");
});

test("what is kept is said with numbers only where hosts differ", () => {
  expect(sizesText({ vm_sizes: { Standard_D4s_v5: 56 } })).toBe("D4s v5");
  expect(sizesText({ vm_sizes: { Standard_D8s_v5: 1, Standard_D4s_v5: 56 } })).toBe("D4s v5: 56 hosts, D8s v5: 1 host");
  expect(sizesText(undefined)).toBe("As each host has it");
  const network = { vnet: "vnet-desktops", subnet: "snet-avd", subnet_id: "", hosts: 60 };
  expect(networksText({ networks: [network] })).toBe("vnet-desktops / snet-avd");
  expect(networksText({ networks: null })).toBe("As each host has it");
});
