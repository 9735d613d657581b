import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi, me, type SentRequest } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";
import { EMPTY, formOf, toPatch, toRegistration, whatIsMissing, type Image } from "./form";

const DEFINITION = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Compute/galleries/gal/images/win11-office";
const IMAGE = {
  name: "win11-office",
  definition_id: DEFINITION,
  template_vm_id: "",
  build_subnet_id: "",
  accounts: ["contoso"],
  retention: { backups: 3, days: 30 },
  current: "2.0.0",
  gallery: { name: "gal", definition: "win11-office", resource_group: "rg", subscription: "1" },
  template: null,
  problem: "",
} as Partial<Image> as Image;
const LISTS = {
  "GET /api/accounts": { items: [{ name: "contoso" }, { name: "fabrikam" }] },
  "GET /api/images": { items: [] },
};

test("a registration has null for what is not given", () => {
  const form = { ...EMPTY, name: "win11", definition_id: DEFINITION };
  expect(toRegistration(form)).toEqual({
    definition_id: DEFINITION,
    template_vm_id: null,
    build_subnet_id: null,
    accounts: null,
    retention: { backups: 3, days: 30 },
  });
  expect(whatIsMissing(form)).toBeNull();
  expect(whatIsMissing({ ...form, everyone: false })).toBe("Choose the accounts that may use it.");
});

test("a patch has only what was changed", () => {
  const before = formOf(IMAGE);
  expect(toPatch(before, before)).toEqual({});
  expect(toPatch(before, { ...before, everyone: true, days: "many" })).toEqual({
    accounts: null,
    retention: { backups: 3, days: "many" },
  });
});

async function paste(user: ReturnType<typeof renderAt>): Promise<void> {
  const field = await screen.findByRole("textbox", { name: "Image definition" });
  await user.click(field);
  await user.paste(`https://portal.azure.com/#@contoso.com/resource${DEFINITION}/overview`);
  expect(field).toHaveValue(DEFINITION);
}

test("an image is registered by what was pasted, says what was found, and leads to its pool", async () => {
  const api = new FakeApi({ ...LISTS, "PUT /api/images/win11-office": new Answer(201, IMAGE) });
  const user = renderAt("/images/new");
  await paste(user);
  await user.click(screen.getByRole("button", { name: "Register image" }));
  expect(await screen.findByRole("heading", { name: "win11-office is registered" })).toHaveFocus();
  expect(screen.getByText("win11-office in gal, resource group rg")).toBeVisible();
  const sent = api.requests("PUT /api/images/win11-office")[0];
  expect(sent?.headers.get("If-None-Match")).toBe("*");
  expect(sent?.body).toMatchObject({ definition_id: DEFINITION, accounts: null });
  await user.click(screen.getByRole("button", { name: "Register a pool" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/pools/new"));
  expect(window.location.search).toBe("?image=win11-office");
});

test("each refused field has its reason below it, and the first has the focus", async () => {
  const errors = [
    { field: "definition_id", message: "no such image definition exists in Azure" },
    { field: "retention.days", message: "at most 3650" },
  ];
  new FakeApi({ ...LISTS, "PUT /api/images/win11-office": new Answer(400, { title: "Not valid", errors }) });
  const user = renderAt("/images/new");
  await paste(user);
  await user.click(screen.getByRole("button", { name: "Register image" }));
  expect(await screen.findByText("no such image definition exists in Azure")).toBeVisible();
  expect(screen.getByText("at most 3650")).toBeVisible();
  expect(screen.getByRole("textbox", { name: "Image definition" })).toHaveFocus();
  expect(screen.queryByText("Not valid")).toBeNull();
});

test("the button says what is missing", async () => {
  new FakeApi(LISTS);
  renderAt("/images/new");
  expect(await screen.findByRole("button", { name: "Register image" })).toHaveAccessibleDescription(
    "Give the image definition’s resource id.",
  );
});

test("a reader learns why it is not for them", async () => {
  new FakeApi({ ...LISTS, "GET /api/me": me("reader") });
  renderAt("/images/new");
  expect(await screen.findByRole("button", { name: "Register image" })).toHaveAccessibleDescription(
    "You are reader. Changing settings needs the role admin.",
  );
});

test("accounts and retention are changed over what was read", async () => {
  const api = new FakeApi({
    ...LISTS,
    "GET /api/images/win11-office": new Answer(200, IMAGE, { ETag: '"one"' }),
    "PATCH /api/images/win11-office": IMAGE,
  });
  const user = renderAt("/images/win11-office/settings");
  await user.click(await screen.findByRole("checkbox", { name: "fabrikam" }));
  const kept = screen.getByRole("textbox", { name: "Keep the last" });
  await user.clear(kept);
  await user.type(kept, "5");
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/images/win11-office"));
  const sent = api.requests("PATCH /api/images/win11-office")[0];
  expect(sent?.headers.get("If-Match")).toBe('"one"');
  expect(sent?.body).toEqual({ accounts: ["contoso", "fabrikam"], retention: { backups: 5, days: 30 } });
});

test("what somebody else has changed meanwhile is read again first", async () => {
  let days = 30;
  new FakeApi({
    ...LISTS,
    "GET /api/images/win11-office": () =>
      new Answer(200, { ...IMAGE, retention: { backups: 3, days } }, { ETag: `"${days}"` }),
    "PATCH /api/images/win11-office": ({ headers }: SentRequest) =>
      headers.get("If-Match") === '"60"' ? IMAGE : new Answer(412, { title: "Changed meanwhile" }),
  });
  const user = renderAt("/images/win11-office/settings");
  await user.click(await screen.findByRole("radio", { name: "Every account" }));
  days = 60;
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  expect(await screen.findByText(/Somebody else changed this meanwhile/)).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Read it again" }));
  await waitFor(() =>
    expect(screen.getByRole("textbox", { name: "And those replaced within days" })).toHaveValue("60"),
  );
  expect(screen.getByRole("radio", { name: "Every account" })).toBeChecked();
  await user.click(screen.getByRole("button", { name: "Save settings" }));
  await waitFor(() => expect(window.location.pathname).toBe("/console/images/win11-office"));
});
