import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { FakeApi } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";

const TASK = {
  id: "t1",
  kind: "set_as_image",
  image: "win11-office",
  pool: null,
  version: "2.0.0",
  from_version: "1.0.0",
  state: "running",
  percent: 17,
  step: "Preparing the copy",
  note: null,
  reason: "",
  requested_by: "operator@contoso.com",
  created_at: "2026-11-30T20:00:00Z",
  ended_at: null,
  href: "/api/tasks/t1",
};
const NEEDS = {
  needs_you: [
    {
      kind: "approval",
      href: "/api/rollouts/r1",
      text: "office waits for approval.",
      since: "2026-11-30T20:00:00Z",
    },
  ],
  open_rollouts: 1,
  running_tasks: 1,
};

function api(): FakeApi {
  return new FakeApi({
    "GET /api/overview": NEEDS,
    "GET /api/tasks": ({ query }: { query: URLSearchParams }) => ({
      items: query.get("open") === "true" ? [TASK] : [],
      continuation: null,
    }),
  });
}

test("open tasks are shown with what they do, how far they are and in which step", async () => {
  api();
  renderAt("/tasks");
  expect(await screen.findByRole("link", { name: "Set as image: win11-office 2.0.0" })).toHaveAttribute(
    "href",
    "/console/tasks/t1",
  );
  expect(screen.getByText("Preparing the copy")).toBeVisible();
  expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "17");
});

test("what needs somebody leads to its page", async () => {
  api();
  const user = renderAt("/tasks");
  await user.click(await screen.findByRole("tab", { name: "Needs you 1" }));
  expect(await screen.findByRole("link", { name: "office waits for approval." })).toHaveAttribute(
    "href",
    "/console/rollouts/r1",
  );
});

test("without tasks the page says so", async () => {
  api().on("GET /api/tasks", { items: [], continuation: null });
  renderAt("/tasks?tab=ended");
  expect(await screen.findByText(/Nothing here/)).toBeVisible();
});
