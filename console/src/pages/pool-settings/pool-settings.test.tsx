import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { aPlan, aPool } from "../../testing/models";
import { Answer, FakeApi } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";
import { EMPTY, formOf, toPatch, toRegistration, whatIsMissing } from "./form";

const LISTS = {
  "GET /api/accounts": { items: [{ name: "contoso" }] },
  "GET /api/images": { items: [{ name: "win11-office" }] },
};

test("a patch has only what was changed, and null for what is no longer set", () => {
  const before = { ...formOf(aPool()), policy: { canary_hosts: 2, max_failed: 1 } };
  expect(toPatch(before, before)).toEqual({});
  const after = { ...before, ring: "test" as const, policy: { max_failed: 3 } };
  expect(toPatch(before, after)).toEqual({ ring: "test", policy: { canary_hosts: null, max_failed: 3 } });
});

test("a registration without account or zone leaves them to the app", () => {
  const form = { ...EMPTY, name: "lab", host_pool_id: " /subscriptions/1 ", image: "win11" };
  expect(toRegistration(form)).toMatchObject({ host_pool_id: "/subscriptions/1", time_zone: null });
  expect(toRegistration(form)).not.toHaveProperty("account");
  expect(whatIsMissing({ ...form, join: "ad" })).toBe("Choose how hosts join the domain.");
  expect(whatIsMissing(form)).toBeNull();
});

test("hosts join a domain by a profile of the account", () => {
  expect(toRegistration({ ...EMPTY, join: "ad", profile: "contoso-local" }).join).toEqual({
    kind: "ad",
    profile: "contoso-local",
  });
});

test("a registered pool leads to its first plan", async () => {
  const api = new FakeApi({
    ...LISTS,
    "PUT /api/pools/lab": new Answer(201, aPool({ name: "lab" })),
    "GET /api/pools/lab": aPool({ name: "lab" }),
    "GET /api/images/win11-office": { name: "win11-office", current: "2.0.0" },
    "GET /api/pools/lab/versions": { items: [] },
    "POST /api/pools/lab/update-image": aPlan(),
  });
  const user = renderAt("/pools/new");
  await user.type(await screen.findByRole("textbox", { name: "Name" }), "lab");
  await user.type(screen.getByRole("textbox", { name: /Resource id/ }), "/subscriptions/1");
  await user.selectOptions(screen.getByRole("combobox", { name: "Image" }), await screen.findByText("win11-office"));
  await user.click(screen.getByRole("button", { name: "Register pool" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/pools/lab/update-image"));
  const sent = api.requests("PUT /api/pools/lab")[0];
  expect(sent?.headers.get("If-None-Match")).toBe("*");
  expect(sent?.body).toMatchObject({ host_pool_id: "/subscriptions/1", join: { kind: "entra" } });
});

test("what the app refuses stands beside its field", async () => {
  const refused = { title: "Not valid", errors: [{ field: "policy.max_failed", message: "a whole number" }] };
  new FakeApi({
    ...LISTS,
    "GET /api/pools/office": aPool(),
    "PATCH /api/pools/office": new Answer(400, refused),
  });
  const user = renderAt("/pools/office/settings");
  await user.type(await screen.findByRole("textbox", { name: "Hosts that may fail" }), "many");
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  expect(await screen.findByText("a whole number")).toBeVisible();
});
