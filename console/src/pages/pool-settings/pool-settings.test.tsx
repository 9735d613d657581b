import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { aPlan, aPool, aRollout } from "../../testing/models";
import { Answer, FakeApi, me, type SentRequest } from "../../testing/fakeApi";
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

async function fill(user: ReturnType<typeof renderAt>): Promise<void> {
  await user.click(await screen.findByRole("textbox", { name: "Host pool" }));
  await user.paste("/subscriptions/1/hostPools/lab");
  await user.click(screen.getByRole("combobox", { name: "Image" }));
  await user.paste("win11-office");
}

test("hosts join a domain by a profile of the account", () => {
  expect(toRegistration({ ...EMPTY, join: "ad", profile: "contoso-local" }).join).toEqual({
    kind: "ad",
    profile: "contoso-local",
  });
});

test("a registered pool says what was found, and leads to its first plan", async () => {
  const lab = aPool({ name: "lab", hosts: 4, hosts_per_version: { "1.0.0": 4 } });
  const api = new FakeApi({
    ...LISTS,
    "PUT /api/pools/lab": new Answer(201, lab),
    "GET /api/pools/lab": lab,
    "GET /api/images/win11-office": { name: "win11-office", current: "2.0.0" },
    "GET /api/pools/lab/versions": { items: [] },
    "POST /api/pools/lab/update-image": aPlan(),
  });
  const user = renderAt("/pools/new");
  await fill(user);
  expect(screen.getByRole("textbox", { name: "Name in Freshcoat" })).toHaveValue("lab");
  await user.click(screen.getByRole("button", { name: "Register pool" }));
  expect(await screen.findByRole("heading", { name: "lab is registered" })).toHaveFocus();
  expect(screen.getByText("4 hosts, 4 on 1.0.0")).toBeVisible();
  const sent = api.requests("PUT /api/pools/lab")[0];
  expect(sent?.headers.get("If-None-Match")).toBe("*");
  expect(sent?.body).toMatchObject({ host_pool_id: "/subscriptions/1/hostPools/lab", join: { kind: "entra" } });
  await user.click(screen.getByRole("button", { name: "See a first update" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/pools/lab/update-image"));
});

test("a pool of this name is not written over", async () => {
  const detail = "The pool lab exists already. Read it first, or change it with PATCH.";
  new FakeApi({ ...LISTS, "PUT /api/pools/lab": new Answer(412, { title: "Changed meanwhile", detail }) });
  const user = renderAt("/pools/new");
  await fill(user);
  await user.click(screen.getByRole("button", { name: "Register pool" }));
  expect(await screen.findByText(/exists already/)).toBeVisible();
  expect(screen.getByRole("textbox", { name: "Host pool" })).toHaveValue("/subscriptions/1/hostPools/lab");
});

test("the image that was just registered is chosen", async () => {
  new FakeApi(LISTS);
  renderAt("/pools/new?image=win11-office");
  expect(await screen.findByRole("combobox", { name: "Image" })).toHaveValue("win11-office");
});

test("a reader may look at the form, and learns why it is not for them", async () => {
  new FakeApi({ ...LISTS, "GET /api/me": me("reader") });
  renderAt("/pools/new");
  expect(await screen.findByRole("button", { name: "Register pool" })).toHaveAccessibleDescription(
    "You are reader. Changing settings needs the role admin.",
  );
});

test("settings are only saved over what was read; what was typed stays when it is read again", async () => {
  let ring: "production" | "pilot" = "production";
  const api = new FakeApi({
    ...LISTS,
    "GET /api/pools/office": () => new Answer(200, aPool({ ring }), { ETag: `"${ring}"` }),
    "PATCH /api/pools/office": ({ headers }: SentRequest) =>
      headers.get("If-Match") === '"pilot"' ? aPool() : new Answer(412, { title: "Changed meanwhile" }),
  });
  const user = renderAt("/pools/office/settings");
  await user.type(await screen.findByRole("textbox", { name: "Hosts that may fail" }), "2");
  ring = "pilot";
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  await user.click(await screen.findByRole("button", { name: "Read it again" }));
  await waitFor(() => expect(screen.getByRole("combobox", { name: "Ring" })).toHaveValue("pilot"));
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/pools/office"));
  const sent = api.requests("PATCH /api/pools/office");
  expect(sent.map(({ headers }) => headers.get("If-Match"))).toEqual(['"production"', '"pilot"']);
  expect(sent.at(-1)?.body).toEqual({ policy: { max_failed: 2 } });
});

test("while a rollout runs, what it depends on stays", async () => {
  new FakeApi({ ...LISTS, "GET /api/pools/office": aPool({ running_rollout: aRollout() }) });
  renderAt("/pools/office/settings");
  expect(await screen.findByRole("link", { name: "Show the rollout" })).toBeVisible();
  expect(screen.getByRole("textbox", { name: "Host pool" })).toBeDisabled();
  expect(screen.getByRole("combobox", { name: "Ring" })).toBeDisabled();
  expect(screen.getByRole("combobox", { name: "Time zone" })).toBeEnabled();
});

test("a rollout that began meanwhile refuses it, with the way to it", async () => {
  const refused = { title: "Not now", detail: "A rollout runs on this pool.", href: "/api/rollouts/8204-1" };
  new FakeApi({
    ...LISTS,
    "GET /api/pools/office": aPool(),
    "PATCH /api/pools/office": new Answer(409, refused),
  });
  const user = renderAt("/pools/office/settings");
  await user.selectOptions(await screen.findByRole("combobox", { name: "Ring" }), "test");
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  const link = await screen.findByRole("link", { name: "Show what is in the way" });
  expect(link).toHaveAttribute("href", "/console/rollouts/8204-1");
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

test("of many images, those are offered that match what is typed", async () => {
  const api = new FakeApi({
    ...LISTS,
    "GET /api/images": ({ query }: SentRequest) => ({
      items: [{ name: query.get("search") ? "win11-zoo" : "win11-office" }],
      continuation: null,
    }),
  });
  const user = renderAt("/pools/new");
  await user.type(await screen.findByRole("combobox", { name: "Image" }), "zoo");
  await waitFor(() => expect(api.requests("GET /api/images").at(-1)?.query.get("search")).toBe("zoo"));
  await waitFor(() => expect(document.querySelector("datalist option")).toHaveAttribute("value", "win11-zoo"));
});

test("own windows and warnings of a pool can be changed", async () => {
  const windows = [{ days: ["mon" as const], from: "20:00", to: "22:00" }];
  const policy = { ...aPool().policy, warn_minutes: [30], windows };
  const api = new FakeApi({
    ...LISTS,
    "GET /api/pools/office": new Answer(200, aPool({ policy }), { ETag: '"1"' }),
    "GET /api/access/probes": { items: [], continuation: null },
    "PATCH /api/pools/office": aPool(),
  });
  const user = renderAt("/pools/office/settings");
  const warned = await screen.findByRole("textbox", { name: "Minutes before sign-out that people are warned" });
  expect(warned).toHaveValue("30");
  await user.type(warned, ", 5");
  await user.click(screen.getByRole("checkbox", { name: "Tue" }));
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  await waitFor(() => expect(api.requests("PATCH /api/pools/office")).toHaveLength(1));
  expect(api.requests("PATCH /api/pools/office")[0]?.body).toEqual({
    policy: { warn_minutes: [30, 5], windows: [{ days: ["mon", "tue"], from: "20:00", to: "22:00" }] },
  });
});
