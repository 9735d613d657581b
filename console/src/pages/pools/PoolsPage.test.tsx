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

test("without pools the page says how to begin", async () => {
  new FakeApi({ "GET /api/pools": pools() });
  renderAt("/pools");
  expect(await screen.findByText(/No pool is registered/)).toBeVisible();
});

test("a search that finds nothing can be cleared", async () => {
  new FakeApi({
    "GET /api/pools": ({ query }: SentRequest) => (query.has("search") ? pools() : pools(aPool())),
  });
  const user = renderAt("/pools?search=sales");
  await user.click(await screen.findByRole("button", { name: "Clear filters" }));
  expect(await screen.findByRole("link", { name: "office" })).toBeVisible();
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
