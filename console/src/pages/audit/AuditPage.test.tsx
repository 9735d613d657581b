import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { Answer, FakeApi, me, type SentRequest } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";
import type { Entry } from "./audit";

const ENTRY: Entry = {
  id: "1",
  at: "2026-11-30T10:00:00Z",
  kind: "outcome",
  who: "ann@contoso.com",
  caller: "tenant.ann",
  address: "10.0.0.1",
  client: "Firefox",
  action: "PUT pools/{pool}",
  subject: "office",
  detail: "",
  asked: '{"ring":"test"}',
  status: 200,
  before: '{"ring":"pilot"}',
  after: '{"ring":"test"}',
  accounts: ["contoso"],
  pool: "office",
  image: "",
  rollout: "",
  correlation: "abc",
  writer: "worker-1",
  sequence: 7,
  previous: "aa",
  digest: "bb",
};
const list = (items: object[], continuation: string | null = null): object => ({ items, continuation });

function anApi(replies: Record<string, unknown> = {}): FakeApi {
  return new FakeApi({
    "GET /api/audit": list([ENTRY]),
    "GET /api/pools": list([]),
    "GET /api/images": list([]),
    "GET /api/accounts": list([]),
    ...replies,
  });
}

class Csv extends Answer {
  override response(): Response {
    return new Response(String(this.body), { headers: { "Content-Type": "text/csv", ...this.headers } });
  }
}

test("an entry says when, who, what, to what, from and to", async () => {
  anApi();
  renderAt("/audit");
  const row = await screen.findByRole("row", { name: /office/ });
  for (const text of ["ann@contoso.com", "PUT pools/{pool}", "Ended, 200", '{"ring":"pilot"}', '{"ring":"test"}']) {
    expect(row).toHaveTextContent(text);
  }
});

test("an entry opens beside the list, with before and after as JSON, and leads to the rest of its request", async () => {
  const api = anApi();
  const user = renderAt("/audit?pool=office");
  await user.click(await screen.findByRole("button", { name: /PUT pools/ }));
  const panel = await screen.findByRole("dialog");
  expect(within(panel).getByRole("region", { name: "Before" })).toHaveTextContent('{ "ring": "pilot" }');
  expect(within(panel).getByText("worker-1")).toBeVisible();
  await user.click(within(panel).getByRole("button", { name: "All entries of this request" }));
  await waitFor(() => expect(window.location.search).toBe("?correlation=abc"));
  await waitFor(() => expect(api.requests("GET /api/audit").at(-1)?.query.get("correlation")).toBe("abc"));
});

test("each write stands there once: its change; the filter shows the other entries", async () => {
  const api = anApi();
  const user = renderAt("/audit");
  const kinds = await screen.findByRole("combobox", { name: "Entries" });
  expect(kinds).toHaveDisplayValue("Changes");
  expect(api.requests("GET /api/audit").at(-1)?.query.get("kind")).toBe("change");
  await user.selectOptions(kinds, "All");
  await waitFor(() => expect(api.requests("GET /api/audit").at(-1)?.query.get("kind")).toBeNull());
  expect(window.location.search).toBe("?kind=all");
});

test("filters stand in the address and are asked of the app", async () => {
  const api = anApi();
  const user = renderAt("/audit?from=2026-11-01T00:00Z&kind=change&page=older");
  await user.type(await screen.findByLabelText("Pool"), "office");
  await waitFor(() => expect(window.location.search).toBe("?from=2026-11-01T00%3A00Z&kind=change&pool=office"));
  await waitFor(() =>
    expect(api.requests("GET /api/audit").at(-1)?.query.toString()).toBe(
      "limit=100&from=2026-11-01T00%3A00Z&kind=change&pool=office",
    ),
  );
});

test("filters that find nothing say so and can be cleared", async () => {
  anApi({ "GET /api/audit": ({ query }: SentRequest) => list(query.has("who") ? [] : [ENTRY]) });
  const user = renderAt("/audit?who=nobody");
  expect(await screen.findByText("No entry matches these filters.")).toBeVisible();
  await user.click(screen.getAllByRole("button", { name: "Clear filters" })[0] as HTMLElement);
  expect(await screen.findByRole("row", { name: /office/ })).toBeVisible();
});

test("older entries are the next page", async () => {
  const api = anApi({ "GET /api/audit": list([ENTRY], "next") });
  const user = renderAt("/audit");
  await user.click(await screen.findByRole("button", { name: "Older entries" }));
  await waitFor(() => expect(api.requests("GET /api/audit").at(-1)?.query.get("continuation")).toBe("next"));
  expect(await screen.findByRole("button", { name: "Newest entries" })).toBeVisible();
});

test("the CSV has all pages of what is filtered, with the line of names once", async () => {
  const saved: Blob[] = [];
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => (saved.push(blob as Blob), "blob:1"));
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
  const api = anApi({
    "GET /api/audit": ({ query }: SentRequest) => {
      if (query.get("format") !== "csv") return list([ENTRY]);
      if (query.get("continuation")) return new Csv(200, "id,who\r\n2,bob\r\n");
      return new Csv(200, "id,who\r\n1,ann\r\n", { "X-Continuation": "next" });
    },
  });
  const user = renderAt("/audit?account=contoso");
  await user.click(await screen.findByRole("button", { name: "Download CSV" }));
  await waitFor(() => expect(saved).toHaveLength(1));
  expect(await saved[0]?.text()).toBe("id,who\r\n1,ann\r\n2,bob\r\n");
  expect(api.requests("GET /api/audit").at(-1)?.query.get("account")).toBe("contoso");
});

const WHOLE = { whole: true, complete: true, months: ["2026-11", "2026-10"], entries: 12, unchained: 0, broken: 0 };

test("verifying says that the record is whole, and which months are signed", async () => {
  anApi({ "GET /api/audit/verify": { ...WHOLE, first: null, signed: ["2026-10"], signatures_read: true } });
  const user = renderAt("/audit");
  await user.click(await screen.findByRole("button", { name: "Verify the record" }));
  expect(await screen.findByText("No broken link was found")).toBeVisible();
  expect(screen.getByText(/12 entries were checked, 2026-10 to 2026-11/)).toBeVisible();
  expect(screen.getByText("The signatures of 2026-10 hold.")).toBeVisible();
});

test("verifying names the first broken link", async () => {
  const first = { month: "2026-11", writer: "worker-1", sequence: 7, at: ENTRY.at, why: "The entry was changed." };
  anApi({ "GET /api/audit/verify": { ...WHOLE, whole: false, broken: 1, first, signed: [], signatures_read: true } });
  const user = renderAt("/audit");
  await user.click(await screen.findByRole("button", { name: "Verify the record" }));
  expect(await screen.findByText("1 broken link")).toBeVisible();
  expect(screen.getByText(/The entry was changed/)).toBeVisible();
});

test("refused writes are counted on a tab of their own", async () => {
  const refusal = {
    hour: ENTRY.at,
    who: "eve",
    caller: "e",
    address: "10.0.0.9",
    route: "PUT pools/{pool}",
    status: 403,
  };
  const row = { ...refusal, count: 17, first_at: ENTRY.at, last_at: ENTRY.at };
  anApi({ "GET /api/audit/refusals": list([row]) });
  renderAt("/audit?tab=refusals");
  expect(await screen.findByRole("row", { name: /eve/ })).toHaveTextContent("17");
});

test("a reader learns why they see nothing, and nothing is asked for them", async () => {
  const api = anApi({ "GET /api/me": me("reader") });
  renderAt("/audit");
  expect(await screen.findAllByText("You are reader. Reading the audit needs the role admin.")).not.toHaveLength(0);
  expect(screen.getByRole("button", { name: "Verify the record" })).toHaveAttribute("aria-disabled", "true");
  expect(api.requests("GET /api/audit")).toHaveLength(0);
});

test("a refused read says why", async () => {
  anApi({ "GET /api/audit": new Answer(503, { title: "Storage is busy", detail: "Try again in a minute." }) });
  renderAt("/audit");
  expect(await screen.findByText(/Storage is busy/)).toBeVisible();
});
