import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi, me } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";

const SCOPE = "/subscriptions/0000/resourceGroups/rg-contoso";
const CONTOSO = {
  name: "contoso",
  title: "Contoso Ltd",
  time_zone: "Europe/Amsterdam",
  scopes: [SCOPE],
  identity_client_id: "",
  pools: 3,
  images: 1,
  open_rollouts: 1,
  created_at: "2026-11-01T10:00:00Z",
};
const list = (...items: object[]): object => ({ items, continuation: null });

function anApi(replies: Record<string, unknown> = {}): FakeApi {
  return new FakeApi({
    "GET /api/accounts": list(CONTOSO),
    "GET /api/accounts/contoso": new Answer(200, CONTOSO, { ETag: '"one.body"' }),
    ...replies,
  });
}

test("an account is shown with its pools, images, open rollouts and what is its own", async () => {
  anApi();
  renderAt("/accounts");
  const row = await screen.findByRole("row", { name: /contoso/ });
  expect(row).toHaveTextContent("Contoso Ltd");
  expect(row).toHaveTextContent("rg-contoso in 0000");
  expect(within(row).getByRole("link", { name: "3 pools of contoso" })).toHaveAttribute(
    "href",
    "/console/pools?account=contoso",
  );
  expect(await within(row).findByRole("link", { name: "1 images of contoso" })).toBeVisible();
  expect(await within(row).findByRole("link", { name: "1 open rollouts of contoso" })).toBeVisible();
  expect(screen.getByText(/An account cannot be deleted/)).toBeVisible();
});

test("only what was changed is sent, if nobody else has changed it", async () => {
  const api = anApi({ "PATCH /api/accounts/contoso": CONTOSO });
  const user = renderAt("/accounts?edit=contoso");
  const title = await screen.findByRole("textbox", { name: "Title" });
  await user.clear(title);
  await user.type(title, "Contoso BV");
  await user.click(screen.getByRole("button", { name: "Save contoso" }));
  await waitFor(() => expect(api.requests("PATCH /api/accounts/contoso")).toHaveLength(1));
  const sent = api.requests("PATCH /api/accounts/contoso")[0];
  expect(sent?.body).toEqual({ title: "Contoso BV" });
  expect(sent?.headers.get("If-Match")).toBe('"one.body"');
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
});

test("a conflict is explained, and what was typed stays when it is read again", async () => {
  const api = anApi({ "PATCH /api/accounts/contoso": new Answer(412, { title: "Changed", detail: "Changed." }) });
  const user = renderAt("/accounts?edit=contoso");
  const title = await screen.findByRole("textbox", { name: "Title" });
  await user.clear(title);
  await user.type(title, "Mine");
  await user.click(screen.getByRole("button", { name: "Save contoso" }));
  api.on("GET /api/accounts/contoso", new Answer(200, { ...CONTOSO, time_zone: "UTC" }, { ETag: '"two.body"' }));
  await user.click(await screen.findByRole("button", { name: "Read it again" }));
  await waitFor(() => expect(screen.getByRole("combobox", { name: "Time zone" })).toHaveValue("UTC"));
  expect(screen.getByRole("textbox", { name: "Title" })).toHaveValue("Mine");
  await user.click(screen.getByRole("button", { name: "Save contoso" }));
  await waitFor(() =>
    expect(api.requests("PATCH /api/accounts/contoso").at(-1)?.headers.get("If-Match")).toBe('"two.body"'),
  );
});

test("a new account is registered, never over another one; a refused field says why below it", async () => {
  const errors = [{ field: "scopes.0", message: "this is no subscription" }];
  const api = anApi({ "PUT /api/accounts/new": new Answer(400, { title: "Bad", detail: "Bad.", errors }) });
  const user = renderAt("/accounts");
  await user.click(await screen.findByRole("button", { name: "Register account" }));
  await user.type(await screen.findByRole("textbox", { name: /Name/ }), "new");
  await user.type(screen.getByRole("textbox", { name: /Own subscriptions/ }), "rg-x");
  await user.click(screen.getByRole("button", { name: "Register new" }));
  expect(await screen.findByText("this is no subscription")).toBeVisible();
  const sent = api.requests("PUT /api/accounts/new")[0];
  expect(sent?.headers.get("If-None-Match")).toBe("*");
  expect(sent?.body).toEqual({ title: "", time_zone: "UTC", scopes: ["rg-x"], identity_client_id: "" });
});

test("without accounts the page says so", async () => {
  anApi({ "GET /api/accounts": list() });
  renderAt("/accounts");
  expect(await screen.findByText(/No account is registered/)).toBeVisible();
});

test("a refused read says why", async () => {
  anApi({ "GET /api/accounts": new Answer(503, { title: "Storage is busy", detail: "Try again." }) });
  renderAt("/accounts");
  expect(await screen.findByText(/Storage is busy/)).toBeVisible();
});

test("a reader may not change it", async () => {
  anApi({ "GET /api/me": me("reader") });
  renderAt("/accounts");
  const edit = await screen.findByRole("button", { name: "Edit contoso" });
  expect(edit).toHaveAttribute("aria-disabled", "true");
});

test("an admin of one account does not change its scopes", async () => {
  anApi({ "GET /api/me": { ...me("admin"), accounts: ["contoso"] } });
  renderAt("/accounts?edit=contoso");
  expect(await screen.findByRole("textbox", { name: /Own subscriptions/ })).toHaveAttribute("readonly");
  expect(screen.getAllByText(/Only somebody with all accounts/)).toHaveLength(2);
});
