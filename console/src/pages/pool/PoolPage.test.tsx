import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { aPlan, aPool, aRollout } from "../../testing/models";
import { Answer, FakeApi, me, type SentRequest } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";

const host = {
  host: "office-0001.contoso.local",
  vm_id: "/subscriptions/1/vm",
  version: "1.0.0",
  target: "1.0.0",
  sessions: 2,
  status: "Available",
  accepting: true,
  drain: "none",
  power: "running",
  state: null,
  reason: null,
};

function fakeApi(pool: Parameters<typeof aPool>[0], replies: Readonly<Record<string, unknown>> = {}): FakeApi {
  return new FakeApi({
    "GET /api/pools/office": aPool(pool),
    "GET /api/pools/office/hosts": { items: [host], continuation: null },
    ...replies,
  });
}

test("a pool shows its hosts, and the app finds those of a search", async () => {
  const api = fakeApi(
    {},
    {
      "GET /api/pools/office/hosts": ({ query }: SentRequest) => ({
        items: query.has("search") ? [] : [host],
        continuation: null,
      }),
    },
  );
  const user = renderAt("/pools/office");
  const row = await screen.findByRole("row", { name: /office-0001/ });
  expect(row).toHaveTextContent("Accepts people");
  await user.type(screen.getByPlaceholderText("Find a host"), "0002{Enter}");
  expect(await screen.findByText("No host matches.")).toBeVisible();
  expect(api.requests("GET /api/pools/office/hosts").at(-1)?.query.toString()).toBe("limit=500&search=0002");
});

test("hosts of a big pool have pages by name, and a search begins with the first", async () => {
  const api = fakeApi(
    {},
    {
      "GET /api/pools/office/hosts": ({ query }: SentRequest) =>
        query.has("continuation")
          ? { items: [{ ...host, host: "office-0501.contoso.local" }], continuation: null }
          : { items: [host], continuation: "b2ZmaWNl" },
    },
  );
  const user = renderAt("/pools/office");
  const header = await screen.findByRole("columnheader", { name: "People" });
  await waitFor(() => expect(within(header).queryByRole("button")).toBeNull());
  await user.click(screen.getByRole("button", { name: "Next page" }));
  expect(await screen.findByRole("row", { name: /office-0501/ })).toBeVisible();
  expect(window.location.search).toBe("?after=b2ZmaWNl");
  await user.type(screen.getByPlaceholderText("Find a host"), "0001{Enter}");
  await waitFor(() => expect(window.location.search).toBe("?host=0001"));
  expect(api.requests("GET /api/pools/office/hosts").at(-1)?.query.has("continuation")).toBe(false);
});

test("a pool that is not registered says so", async () => {
  new FakeApi({ "GET /api/pools/nowhere": new Answer(404, { title: "Not found", detail: "There is no such pool." }) });
  renderAt("/pools/nowhere");
  expect(await screen.findByText(/There is no such pool/)).toBeVisible();
  expect(screen.getByRole("link", { name: "All pools" })).toHaveAttribute("href", "/console/pools");
});

test("a running rollout stands at the top, and nothing else can be begun", async () => {
  fakeApi({ running_rollout: aRollout({ percent: 65 }), previous_version: "0.9.0" });
  renderAt("/pools/office");
  expect(await screen.findByRole("link", { name: "To 2.0.0, 65 %" })).toHaveAttribute(
    "href",
    "/console/rollouts/8204693463134-636d",
  );
  expect(screen.getByRole("button", { name: "Update Image" })).toHaveAttribute("aria-disabled", "true");
  expect(screen.getByRole("button", { name: "Roll back to 0.9.0" })).toHaveAttribute("aria-disabled", "true");
});

test("a roll-back now asks for the pool's name and sends what was agreed on", async () => {
  const path = "POST /api/pools/office/roll-back";
  const plan = (sent: SentRequest): object => {
    const { mode } = (sent.body as { schedule: { mode: string } }).schedule;
    const force_at = mode === "now" ? new Date().toISOString() : "2099-12-07T00:00:00Z";
    return aPlan({ version: "0.9.0", schedule: { mode, begin_at: force_at, force_at, time_zone: "Europe/Amsterdam" } });
  };
  const api = fakeApi(
    { previous_version: "0.9.0" },
    {
      [path]: (sent: SentRequest) =>
        sent.query.get("what_if") ? plan(sent) : new Answer(202, { id: "8204-2", state: "running", version: "0.9.0" }),
    },
  );
  const user = renderAt("/pools/office?ask=roll-back");
  await screen.findByRole("button", { name: "Roll 60 hosts back to 0.9.0" });
  await user.click(screen.getByRole("radio", { name: /Schedule now/ }));
  const send = await screen.findByRole("button", { name: "Sign out 71 people and roll back" });
  await user.type(screen.getByRole("textbox", { name: "Type office to confirm" }), "office");
  await user.click(send);
  await waitFor(() => expect(window.location.pathname).toBe("/console/rollouts/8204-2"));
  const sent = api.requests(path).find(({ query }) => !query.get("what_if"));
  expect(sent?.body).toMatchObject({ plan: "0123456789abcdef", sign_outs: 71, schedule: { mode: "now" } });
});

test("unregistering asks for the name", async () => {
  const api = fakeApi({}, { "DELETE /api/pools/office": new Answer(204), "GET /api/pools": { items: [] } });
  const user = renderAt("/pools/office?ask=unregister");
  const dialog = await screen.findByRole("alertdialog");
  await waitFor(() => expect(within(dialog).getByRole("button", { name: "Cancel" })).toHaveFocus());
  await user.type(within(dialog).getByRole("textbox"), "office");
  await user.click(within(dialog).getByRole("button", { name: "Unregister office" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/pools"));
  expect(api.requests("DELETE /api/pools/office")).toHaveLength(1);
});

test("an operator does not unregister", async () => {
  fakeApi({}, { "GET /api/me": me("operator") });
  renderAt("/pools/office?ask=unregister");
  await screen.findByRole("row", { name: /office-0001/ });
  expect(screen.queryByRole("alertdialog")).toBeNull();
});
