import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi, me } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";

const ANN = "11111111-2222-4333-8444-555555555555.aaaaaaaa-0000-4000-8000-000000000001";
const AT = "2026-11-30T10:00:00Z";
const CHANGED = { changed_by: "carl", changed_at: AT };
const GRANT = { principal: ANN, name: "Ann", accounts: ["contoso"], program: false, ...CHANGED };
const KEY = {
  name: "pipeline",
  role: "operator",
  accounts: ["*"],
  created_by: "carl",
  created_at: AT,
  expires_at: "2099-01-01T00:00:00Z",
  revoked_at: null,
};
const list = (...items: object[]): object => ({ items, continuation: null });

function anApi(replies: Record<string, unknown> = {}): FakeApi {
  return new FakeApi({
    "GET /api/access/grants": list(GRANT),
    "GET /api/access/keys": list(KEY),
    "GET /api/accounts": list({ name: "contoso" }, { name: "fabrikam" }),
    ...replies,
  });
}

test("a grant says who has which accounts, and who gave it", async () => {
  anApi();
  renderAt("/access");
  const row = await screen.findByRole("row", { name: /Ann/ });
  for (const text of [ANN, "Person", "contoso", "by carl"]) expect(row).toHaveTextContent(text);
});

test("without a grant the page says what that means", async () => {
  anApi({ "GET /api/access/grants": list() });
  renderAt("/access");
  expect(await screen.findByText("Nobody has a grant, so every admin has every account.")).toBeVisible();
});

test("a grant is given by tenant and object, for accounts that are ticked", async () => {
  const api = anApi({ [`PUT /api/access/grants/${ANN}`]: GRANT, "GET /api/access/grants": list() });
  const user = renderAt("/access");
  await user.click(await screen.findByRole("button", { name: "Give a grant" }));
  const [tenant, object] = ANN.split(".");
  await user.type(await screen.findByRole("textbox", { name: /Tenant id/ }), tenant ?? "");
  await user.type(screen.getByRole("textbox", { name: /Object id/ }), object ?? "");
  await user.click(await screen.findByRole("checkbox", { name: "contoso" }));
  await user.click(screen.getByRole("button", { name: "Give the grant" }));
  await waitFor(() => expect(api.requests(`PUT /api/access/grants/${ANN}`)).toHaveLength(1));
  const body = api.requests(`PUT /api/access/grants/${ANN}`)[0]?.body;
  expect(body).toEqual({ accounts: ["contoso"], name: "", program: false });
});

test("a grant is taken by typing the name; the last one says what follows, and the app may refuse it", async () => {
  const refused = new Answer(409, { title: "Conflict", detail: "This is the last grant." });
  const api = anApi({ [`DELETE /api/access/grants/${ANN}`]: refused });
  const user = renderAt("/access");
  await user.click(await screen.findByRole("button", { name: "Actions of Ann" }));
  await user.click(await screen.findByRole("menuitem", { name: "Take the grant" }));
  const dialog = await screen.findByRole("alertdialog").catch(() => screen.findByRole("dialog"));
  expect(within(dialog).getByText(/It is the last grant/)).toBeVisible();
  await user.click(within(dialog).getByRole("button", { name: "Take the grant" }));
  expect(api.requests(`DELETE /api/access/grants/${ANN}`)).toHaveLength(0);
  await user.type(within(dialog).getByRole("textbox"), "Ann");
  await user.click(within(dialog).getByRole("button", { name: "Take the grant" }));
  expect(await screen.findByText(/This is the last grant\./)).toBeVisible();
});

test("a new key is shown once", async () => {
  const api = anApi({
    "POST /api/access/keys/nightly": new Answer(201, { ...KEY, name: "nightly", key: "fck_secret" }),
  });
  const user = renderAt("/access?tab=keys");
  await user.click(await screen.findByRole("button", { name: "Make a key" }));
  await user.type(await screen.findByRole("textbox", { name: /Name/ }), "nightly");
  await user.click(await screen.findByRole("checkbox", { name: "fabrikam" }));
  await user.click(screen.getByRole("button", { name: "Make the key nightly" }));
  expect(await screen.findByText("fck_secret")).toBeVisible();
  expect(api.requests("POST /api/access/keys/nightly")[0]?.body).toEqual({
    role: "reader",
    accounts: ["fabrikam"],
    days: 90,
  });
  await user.click(await screen.findByRole("button", { name: "I have kept it" }));
  await waitFor(() => expect(screen.queryByText("fck_secret")).not.toBeInTheDocument());
});

test("a key is revoked by typing its name, and a refused field says why below it", async () => {
  const api = anApi({ "DELETE /api/access/keys/pipeline": { ...KEY, revoked_at: AT } });
  const user = renderAt("/access?tab=keys");
  const row = await screen.findByRole("row", { name: /pipeline/ });
  expect(row).toHaveTextContent("Valid");
  expect(row).toHaveTextContent("All accounts");
  await user.click(screen.getByRole("button", { name: "Actions of pipeline" }));
  await user.click(await screen.findByRole("menuitem", { name: "Revoke" }));
  await user.type(await screen.findByRole("textbox", { name: /Type pipeline to confirm/ }), "pipeline");
  await user.click(screen.getByRole("button", { name: "Revoke pipeline" }));
  await waitFor(() => expect(api.requests("DELETE /api/access/keys/pipeline")).toHaveLength(1));
});

test("a reader learns why grants and keys are not shown, and nothing is asked for them", async () => {
  const api = anApi({ "GET /api/me": me("reader") });
  renderAt("/access");
  expect(await screen.findAllByText("You are reader. Changing settings needs the role admin.")).not.toHaveLength(0);
  expect(screen.getByRole("button", { name: "Give a grant" })).toHaveAttribute("aria-disabled", "true");
  expect(api.requests("GET /api/access/grants")).toHaveLength(0);
});

test("a refused read says why", async () => {
  anApi({ "GET /api/access/grants": new Answer(503, { title: "Storage is busy", detail: "Try again." }) });
  renderAt("/access");
  expect(await screen.findByText(/Storage is busy/)).toBeVisible();
});
