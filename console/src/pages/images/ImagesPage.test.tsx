import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { FakeApi, me } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";
import type { Image } from "./images";

const IMAGE = {
  name: "win11-office",
  definition_id: "/subscriptions/1/images/win11-office",
  template_vm_id: "/subscriptions/1/vm/template",
  build_subnet_id: "",
  accounts: null,
  current: "1.0.0",
  staged: "2.0.0",
  verdict: { result: "passed", note: "", by: "tester", at: "2026-11-30T10:00:00Z" },
  current_verdict: null,
  backups: ["0.9.0"],
  roll_back_to: "0.9.0",
  advice: null,
  promotion: "",
  power: "running",
  last_task: null,
  problem: "",
} as unknown as Image;

const PLAN = {
  image: "win11-office",
  version: "2.0.0",
  from_version: "1.0.0",
  id: "0123456789abcdef",
  can_start: true,
  versions: [{ version: "1.0.0", state: "active", becomes: "backup" }],
  pools: [],
  schedule: null,
  soak_minutes: null,
  to_update: 0,
  users_at_force: 0,
  stopped_rollouts: [],
  preflight: [],
};
const TASK = { id: "t1", kind: "activate", image: "win11-office", version: "2.0.0", href: "/api/tasks/t1", pools: [] };

function api(image: Partial<Image> = {}): FakeApi {
  return new FakeApi({
    "GET /api/images": { items: [{ ...IMAGE, ...image }], continuation: null },
    "GET /api/tasks": { items: [], continuation: null },
    "GET /api/pools": { items: [], continuation: null },
  });
}

async function choose(user: ReturnType<typeof renderAt>, action: string | RegExp): Promise<void> {
  await user.click(await screen.findByRole("button", { name: "Actions of win11-office" }));
  await user.click(await screen.findByRole("menuitem", { name: action }));
}

test("an image is shown with its current and its staged version, and its template", async () => {
  api();
  renderAt("/images");
  const row = await screen.findByRole("row", { name: /win11-office/ });
  for (const text of ["1.0.0", "2.0.0", "Test passed", "Running"]) expect(row).toHaveTextContent(text);
});

test("set as image switches a running template off, stages, and keeps the backup ticked", async () => {
  const sent = api().on("POST /api/images/win11-office/set-as-image", ({ query }: { query: URLSearchParams }) =>
    query.get("what_if")
      ? {
          version: "3.0.0",
          switched_off: true,
          running: true,
          regions: [{ name: "westeurope", replicas: 2 }],
          versions: [],
        }
      : { ...TASK, kind: "set_as_image", version: "3.0.0" },
  );
  const user = renderAt("/images");
  await choose(user, "Power off & set as image");
  expect(await screen.findByText(/3.0.0 is made and staged/)).toBeVisible();
  const backup = await screen.findByRole("checkbox", { name: "Save current image as a backup" });
  expect(backup).toBeChecked();
  expect(backup).toBeDisabled();
  await user.click(await screen.findByRole("button", { name: "Power off & set as image" }));
  const real = await waitFor(() => {
    const found = sent
      .requests("POST /api/images/win11-office/set-as-image")
      .find(({ query }) => !query.get("what_if"));
    expect(found).toBeDefined();
    return found;
  });
  expect(real?.body).toEqual({ power_off: true, stage: true, backup: true, notes: "", step: "major" });
});

test("an activation carries the plan that was shown", async () => {
  const sent = api().on("POST /api/images/win11-office/activate", ({ query }: { query: URLSearchParams }) =>
    query.get("what_if") ? PLAN : TASK,
  );
  const user = renderAt("/images");
  await choose(user, "Activate staged image");
  expect(await screen.findByText("2.0.0 becomes the current version of win11-office.")).toBeVisible();
  await user.click(await screen.findByRole("button", { name: "Activate 2.0.0" }));
  await waitFor(() => {
    const real = sent.requests("POST /api/images/win11-office/activate").find(({ query }) => !query.get("what_if"));
    expect(real?.body).toMatchObject({ version: "2.0.0", plan: PLAN.id, sign_outs: 0, update_pools: "none" });
  });
});

test("a check that fails stops the activation and says why", async () => {
  const preflight = [{ check: "gallery", result: "fail", detail: "The version has no replica.", what_to_do: "Wait." }];
  api().on("POST /api/images/win11-office/activate", { ...PLAN, can_start: false, preflight });
  const user = renderAt("/images");
  await choose(user, "Activate staged image");
  expect(await screen.findByText(/The version has no replica/)).toBeVisible();
  expect(await screen.findByRole("button", { name: "Activate 2.0.0" })).toHaveAttribute("aria-disabled", "true");
});

test("without a staged version, and for a reader, the actions say why not", async () => {
  api({ staged: null }).on("GET /api/me", me("reader"));
  const user = renderAt("/images");
  await user.click(await screen.findByRole("button", { name: "Actions of win11-office" }));
  const activate = await screen.findByRole("menuitem", { name: /Activate staged image/ });
  expect(activate).toHaveAttribute("aria-disabled", "true");
  expect(activate).toHaveTextContent("needs the role operator");
});
