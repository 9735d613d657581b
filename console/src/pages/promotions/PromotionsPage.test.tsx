import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi, me } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";

const PROMOTION = {
  id: "p1",
  image: "win11-office",
  version: "3.0.0",
  due_at: "2026-12-07T05:00:00Z",
  due_local: "2026-12-07T06:00:00+01:00",
  time_zone: "Europe/Amsterdam",
  days_after_staging: null,
  backup: null,
  force: false,
  update_pools: ["all"],
  schedule: null,
  soak_minutes: 60,
  state: "scheduled",
  task: "",
  reason: "",
  requested_by: "operator@contoso.com",
  created_at: "2026-11-30T20:00:00Z",
  ended_at: null,
  note: null,
};

function api(): FakeApi {
  return new FakeApi({ "GET /api/promotions": { items: [PROMOTION], continuation: null } });
}

test("a promotion is shown in its own zone, with what it does to pools", async () => {
  api();
  renderAt("/promotions");
  expect(await screen.findByRole("link", { name: "win11-office 3.0.0" })).toBeVisible();
  expect(screen.getByText(/Mon 7 Dec, 06:00/)).toBeVisible();
  expect(screen.getByText("all pools of the image")).toBeVisible();
});

test("it is moved as local time with its zone", async () => {
  const sent = api().on("POST /api/promotions/p1/reschedule", PROMOTION);
  const user = renderAt("/promotions");
  await user.click(await screen.findByRole("button", { name: "Actions of win11-office 3.0.0" }));
  await user.click(await screen.findByRole("menuitem", { name: "Move" }));
  const date = await screen.findByLabelText("Date");
  await user.clear(date);
  await user.type(date, "2026-12-08");
  await user.click(screen.getByRole("button", { name: "Move the promotion" }));
  await waitFor(() => expect(sent.requests("POST /api/promotions/p1/reschedule")).toHaveLength(1));
  expect(sent.requests("POST /api/promotions/p1/reschedule")[0]?.body).toEqual({
    at: "2026-12-08T06:00",
    time_zone: "Europe/Amsterdam",
  });
});

test("a refusal stays in the dialog", async () => {
  const problem = { title: "Too late", detail: "It is promoting." };
  api().on("DELETE /api/promotions/p1", new Answer(409, problem));
  const user = renderAt("/promotions");
  await user.click(await screen.findByRole("button", { name: "Actions of win11-office 3.0.0" }));
  await user.click(await screen.findByRole("menuitem", { name: "Cancel" }));
  await user.click(await screen.findByRole("button", { name: "Cancel the promotion" }));
  expect(await screen.findByText(/It is promoting/)).toBeVisible();
});

test("a reader sees the actions disabled with the reason", async () => {
  api().on("GET /api/me", me("reader"));
  const user = renderAt("/promotions");
  await user.click(await screen.findByRole("button", { name: "Actions of win11-office 3.0.0" }));
  expect(await screen.findByRole("menuitem", { name: /Move.*needs the role operator/ })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
});
