import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi, me, type SentRequest } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";
import { aPool, aRollout } from "../../testing/models";

const pools = (...items: object[]): object => ({ items, continuation: null });

test("a pool is shown with its image, hosts, people and rollout", async () => {
  new FakeApi({ "GET /api/pools": pools(aPool({ sessions: 26, running_rollout: aRollout({ percent: 65 }) })) });
  renderAt("/pools");
  const row = await screen.findByRole("row", { name: /office/ });
  expect(row).toHaveTextContent("win11-office 1.0.0");
  expect(row).toHaveTextContent("26");
  expect(row).toHaveTextContent("65 % to 2.0.0");
  expect(within(row).getByRole("progressbar")).toHaveAttribute("aria-valuenow", "65");
});

test("a rollout that waits for somebody stands above the list", async () => {
  const waiting = aRollout({ state: "awaiting_approval", id: "8204-1" });
  new FakeApi({ "GET /api/pools": pools(aPool({ running_rollout: waiting })) });
  renderAt("/pools");
  expect(await screen.findByRole("button", { name: "Open the rollout of office" })).toBeVisible();
});

const images = (...names: string[]): object => ({ items: names.map((name) => ({ name })), continuation: null });

function step(name: RegExp): HTMLElement {
  return screen.getByRole("heading", { level: 3, name }).closest("li") as HTMLElement;
}

test("a first visit begins with an image", async () => {
  new FakeApi({ "GET /api/pools": pools(), "GET /api/images": images() });
  const user = renderAt("/pools");
  expect(await screen.findByRole("heading", { name: "Three steps to a first update" })).toBeVisible();
  expect(screen.queryByRole("table")).toBeNull();
  const later = screen.getByRole("button", { name: "Register pool" });
  expect(later).toHaveAttribute("aria-disabled", "true");
  expect(later).toHaveAccessibleDescription("Register an image first.");
  await user.click(screen.getByRole("button", { name: "Register image" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/images/new"));
});

test("with an image the pool comes next", async () => {
  new FakeApi({ "GET /api/pools": pools(), "GET /api/images": images("win11-office") });
  const user = renderAt("/pools");
  await screen.findByRole("heading", { name: /Register an image.*done/ });
  expect(step(/Register an image/)).toHaveTextContent("win11-office");
  expect(step(/Register a pool/)).toHaveAttribute("aria-current", "step");
  await user.click(screen.getByRole("button", { name: "Register pool" }));
  await waitFor(() => expect(window.location.search).toBe("?image=win11-office"));
});

test("with a pool that was never updated the plan comes next, above the list", async () => {
  new FakeApi({ "GET /api/pools": pools(aPool()), "GET /api/images": images("win11-office") });
  const user = renderAt("/pools");
  await user.click(await screen.findByRole("button", { name: "See the plan" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/pools/office/update-image"));
});

test("once a pool was updated, or there are two, the steps are gone", async () => {
  new FakeApi({ "GET /api/pools": pools(aPool(), aPool({ name: "lab" })), "GET /api/images": images("win11-office") });
  renderAt("/pools");
  expect(await screen.findByRole("link", { name: "lab" })).toBeVisible();
  expect(screen.queryByText("Three steps to a first update")).toBeNull();
});

test("a reader sees the steps and why they are for somebody else", async () => {
  new FakeApi({ "GET /api/me": me("reader"), "GET /api/pools": pools(), "GET /api/images": images() });
  renderAt("/pools");
  const button = await screen.findByRole("button", { name: "Register image" });
  expect(button).toHaveAccessibleDescription("You are reader. Changing settings needs the role admin.");
});

test("a search that finds nothing can be cleared", async () => {
  new FakeApi({
    "GET /api/pools": ({ query }: SentRequest) => (query.has("search") ? pools() : pools(aPool())),
  });
  const user = renderAt("/pools?search=sales");
  await user.click(await screen.findByRole("button", { name: "Clear filters" }));
  expect(await screen.findByRole("link", { name: "office" })).toBeVisible();
});

test("more pools than a page are on the next one, which is no first visit; another order begins anew", async () => {
  new FakeApi({
    "GET /api/pools": ({ query }: SentRequest) =>
      query.get("continuation") === "b2ZmaWNl"
        ? pools(aPool({ name: "sales" }))
        : { items: [aPool(), aPool({ name: "lab" })], continuation: "b2ZmaWNl" },
  });
  const user = renderAt("/pools");
  await user.click(await screen.findByRole("button", { name: "Next page" }));
  expect(await screen.findByRole("link", { name: "sales" })).toBeVisible();
  expect(screen.queryByText("Three steps to a first update")).toBeNull();
  await user.click(screen.getByRole("columnheader", { name: "Hosts" }));
  expect(await screen.findByRole("link", { name: "office" })).toBeVisible();
  expect(window.location.search).toBe("?sort=hosts&order=asc");
});

test("a refused read says why and what to do", async () => {
  new FakeApi({ "GET /api/pools": new Answer(503, { title: "Azure is busy", detail: "Try again in a minute." }) });
  renderAt("/pools");
  expect(await screen.findByText(/Azure is busy/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("a reader sees Update Image disabled, with the reason", async () => {
  new FakeApi({ "GET /api/me": me("reader"), "GET /api/pools": pools(aPool()) });
  const user = renderAt("/pools");
  await user.click(await screen.findByRole("button", { name: "Actions of office" }));
  const item = await screen.findByRole("menuitem", { name: /Update Image/ });
  expect(item).toHaveAttribute("aria-disabled", "true");
  expect(item).toHaveTextContent("You are reader. Publishing needs the role operator.");
  const settings = screen.getByRole("menuitem", { name: /Settings/ });
  expect(settings).toHaveTextContent("You are reader. Changing settings needs the role admin.");
});

test("the app filters and sorts, without a read of Azure", async () => {
  const api = new FakeApi({ "GET /api/pools": pools(aPool()) });
  const user = renderAt("/pools?ring=test&rollout=open");
  await user.click(await screen.findByRole("columnheader", { name: "Hosts" }));
  await waitFor(() => expect(window.location.search).toContain("sort=hosts"));
  await waitFor(() => expect(api.requests("GET /api/pools").length).toBeGreaterThan(1));
  const asked = api.requests("GET /api/pools").at(-1)?.query.toString();
  expect(asked).toBe("limit=200&live=false&sort=hosts&order=asc&ring=test&rollout=open");
});
