import { expect, test } from "vitest";

import { nameFrom, readArmId } from "./armId";
import { rebase } from "./rebase";

const VM = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/template";
const SUBNET = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s";

test("an id is taken from an address of the portal", () => {
  expect(readArmId(` ${VM}\n`)).toBe(VM);
  expect(readArmId(`https://portal.azure.com/#@contoso.com/resource${VM}/overview`)).toBe(VM);
  expect(readArmId(`https://portal.azure.com/#@contoso.com/resource${VM}`)).toBe(VM);
  expect(readArmId(`https://portal.azure.com/#@contoso.com/resource${SUBNET}`)).toBe(SUBNET);
  expect(readArmId("template")).toBe("template");
});

test("a name is proposed from the last part of an id", () => {
  expect(nameFrom("/subscriptions/1/hostPools/HP office")).toBe("hp-office");
  expect(nameFrom("typing")).toBe("");
});

test("what was typed stays when somebody else has changed the rest", () => {
  const before = { ring: "test", zone: "UTC", policy: { max_failed: 1, canary_hosts: 2 } as object };
  const form = { ring: "test", zone: "CET", policy: { max_failed: 3 } };
  const now = { ring: "pilot", zone: "UTC", policy: { max_failed: 1, canary_hosts: 2, retries: 5 } };
  expect(rebase(before, form, now)).toEqual({ ring: "pilot", zone: "CET", policy: { max_failed: 3, retries: 5 } });
});
