import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi, me } from "../../testing/fakeApi";
import { aPool } from "../../testing/models";
import { renderAt } from "../../testing/render";

const CHANGED = { changed_by: "carl", changed_at: "2026-11-30T10:00:00Z" };
const LIMITS = {
  account: "contoso",
  ring: "production",
  least_min_available: "30%",
  most_max_unavailable: null,
  least_canary_hosts: 1,
  notice_minutes: 60,
  modes: ["on_logoff"],
  windows: [{ days: ["mon", "tue"], from: "22:00", to: "05:00" }],
  two_people: "auto",
  ...CHANGED,
};
const CAPS = {
  account: "contoso",
  hosts_per_hour: 40,
  sign_outs_per_hour: null,
  pools_per_hour: 5,
  used: { hosts: 10, sign_outs: 3, pools: ["office"] },
  used_by_roll_backs: { hosts: 2, sign_outs: 0, pools: [] },
  override: null,
  ...CHANGED,
};
const PROBE = {
  account: "contoso",
  name: "printers",
  script: "exit 0",
  timeout_minutes: 10,
  digest: "d7caecc7ca4a43",
  ...CHANGED,
};
const PROFILE = {
  account: "contoso",
  name: "corp",
  domain: "corp.example",
  user: "join@corp.example",
  password_setting: "JOIN_PASSWORD",
  ou: null,
  ...CHANGED,
};
const list = (...items: object[]): object => ({ items, continuation: null });

function anApi(replies: Record<string, unknown> = {}): FakeApi {
  return new FakeApi({
    "GET /api/access/limits": list(LIMITS),
    "GET /api/access/caps": list(CAPS),
    "GET /api/access/probes": list(PROBE),
    "GET /api/access/probes/contoso/printers": new Answer(200, PROBE, { ETag: '"p1.x"' }),
    "GET /api/access/join-profiles": list(PROFILE),
    "GET /api/access/join-profiles/contoso/corp": new Answer(200, PROFILE, { ETag: '"j1.x"' }),
    "GET /api/accounts": list({ name: "contoso" }),
    "GET /api/pools": list(
      aPool({ policy: { probe: "printers" } as never, join: { kind: "ad", intune: null, profile: "corp" } as never }),
    ),
    ...replies,
  });
}

test("limits are said in words, and changed as a whole", async () => {
  const api = anApi({ "PUT /api/access/limits/contoso/production": LIMITS });
  const user = renderAt("/access?tab=limits");
  const row = await screen.findByRole("row", { name: /contoso/ });
  expect(row).toHaveTextContent("At least 30% accept people");
  expect(row).toHaveTextContent("Within Mon, Tue 22:00 to 05:00");
  await user.click(screen.getByRole("button", { name: "Actions of contoso, production" }));
  await user.click(await screen.findByRole("menuitem", { name: "Edit" }));
  await user.type(await screen.findByRole("textbox", { name: /At most rebuilt at once/ }), "25%");
  await user.click(screen.getByRole("button", { name: "Save the limits" }));
  await waitFor(() => expect(api.requests("PUT /api/access/limits/contoso/production")).toHaveLength(1));
  expect(api.requests("PUT /api/access/limits/contoso/production")[0]?.body).toEqual({
    least_min_available: "30%",
    most_max_unavailable: "25%",
    least_canary_hosts: 1,
    notice_minutes: 60,
    modes: ["on_logoff"],
    windows: LIMITS.windows,
    two_people: "auto",
  });
});

test("a refused limit says why below its field", async () => {
  const errors = [{ field: "least_min_available", message: "a number of hosts or a percentage" }];
  anApi({
    "PUT /api/access/limits/contoso/production": new Answer(400, { title: "Bad", detail: "Bad.", errors }),
    "GET /api/access/limits": list(),
  });
  const user = renderAt("/access?tab=limits");
  expect(await screen.findByText("No limits are set: each pool goes by its own policy.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Set limits" }));
  await screen.findByRole("option", { name: "contoso" });
  await user.selectOptions(screen.getByRole("combobox", { name: /Account/ }), "contoso");
  await user.type(screen.getByRole("textbox", { name: /At least accepting/ }), "many");
  await user.click(screen.getByRole("button", { name: "Set the limits" }));
  expect(await screen.findByText("a number of hosts or a percentage")).toBeVisible();
});

test("caps say what counts in this hour, and are lifted with a reason", async () => {
  const api = anApi({ "POST /api/access/caps/contoso/override": CAPS });
  const user = renderAt("/access?tab=caps");
  const row = await screen.findByRole("row", { name: /contoso/ });
  for (const text of ["10 of 40", "and 2 by roll-backs", "3, no cap", "1 of 5", "Hold"]) {
    expect(row).toHaveTextContent(text);
  }
  await user.click(screen.getByRole("button", { name: "Actions of contoso" }));
  await user.click(await screen.findByRole("menuitem", { name: "Lift for some hours" }));
  await user.type(await screen.findByRole("textbox", { name: /Reason/ }), "Security fix");
  await user.click(screen.getByRole("button", { name: "Lift the caps" }));
  await waitFor(() => expect(api.requests("POST /api/access/caps/contoso/override")).toHaveLength(1));
  const body = api.requests("POST /api/access/caps/contoso/override")[0]?.body;
  expect(body).toEqual({ hours: 2, reason: "Security fix" });
});

test("lifted caps say until when, by whom and why; they can hold again before", async () => {
  const override = { until: "2026-11-30T12:00:00Z", reason: "Security fix", by: "carl" };
  const api = anApi({
    "GET /api/access/caps": list({ ...CAPS, override }),
    "POST /api/access/caps/contoso/override": CAPS,
  });
  const user = renderAt("/access?tab=caps");
  expect(await screen.findByRole("row", { name: /contoso/ })).toHaveTextContent(/Lifted.*by carl: Security fix/);
  await user.click(screen.getByRole("button", { name: "Actions of contoso" }));
  await user.click(await screen.findByRole("menuitem", { name: "Let the caps hold again" }));
  await user.type(await screen.findByRole("textbox", { name: /Reason/ }), "Done");
  await user.click(screen.getByRole("button", { name: "Let the caps hold" }));
  await waitFor(() =>
    expect(api.requests("POST /api/access/caps/contoso/override")[0]?.body).toEqual({ hours: 0, reason: "Done" }),
  );
});

test("a probe says its hash and where it is used, and is changed only as it was read", async () => {
  const api = anApi({ "PUT /api/access/probes/contoso/printers": PROBE });
  const user = renderAt("/access?tab=probes");
  const row = await screen.findByRole("row", { name: /printers/ });
  await waitFor(() => expect(row).toHaveTextContent("office"));
  expect(row).toHaveTextContent("d7caecc7ca4a");
  await user.click(screen.getByRole("button", { name: "Actions of printers" }));
  await user.click(await screen.findByRole("menuitem", { name: "Edit" }));
  const script = await screen.findByRole("textbox", { name: /Script/ });
  await user.clear(script);
  await user.type(script, "exit 1");
  await user.click(screen.getByRole("button", { name: "Save the probe" }));
  await waitFor(() => expect(api.requests("PUT /api/access/probes/contoso/printers")).toHaveLength(1));
  const sent = api.requests("PUT /api/access/probes/contoso/printers")[0];
  expect(sent?.body).toEqual({ script: "exit 1", timeout_minutes: 10 });
  expect(sent?.headers.get("If-Match")).toBe('"p1.x"');
});

test("a probe that is used is not removed: the app says where", async () => {
  const used = new Answer(409, { title: "Conflict", detail: "The probe printers is used by pool office." });
  anApi({ "DELETE /api/access/probes/contoso/printers": used });
  const user = renderAt("/access?tab=probes");
  await user.click(await screen.findByRole("button", { name: "Actions of printers" }));
  await user.click(await screen.findByRole("menuitem", { name: "Remove" }));
  await user.type(await screen.findByRole("textbox", { name: /Type printers/ }), "printers");
  await user.click(screen.getByRole("button", { name: "Remove printers" }));
  expect(await screen.findByText(/is used by pool office/)).toBeVisible();
});

test("a join profile is changed; who has not all accounts keeps the app setting of its password", async () => {
  const api = anApi({
    "GET /api/me": { ...me("admin"), accounts: ["contoso"] },
    "PUT /api/access/join-profiles/contoso/corp": PROFILE,
  });
  const user = renderAt("/access?tab=profiles");
  const row = await screen.findByRole("row", { name: /corp/ });
  await waitFor(() => expect(row).toHaveTextContent("office"));
  await user.click(screen.getByRole("button", { name: "Actions of corp" }));
  await user.click(await screen.findByRole("menuitem", { name: "Edit" }));
  expect(await screen.findByRole("textbox", { name: "App setting with the password" })).toHaveAttribute("readonly");
  await user.type(screen.getByRole("textbox", { name: "Organizational unit" }), "OU=AVD");
  await user.click(screen.getByRole("button", { name: "Save the join profile" }));
  await waitFor(() => expect(api.requests("PUT /api/access/join-profiles/contoso/corp")).toHaveLength(1));
  const sent = api.requests("PUT /api/access/join-profiles/contoso/corp")[0];
  expect(sent?.body).toMatchObject({ domain: "corp.example", password_setting: "JOIN_PASSWORD", ou: "OU=AVD" });
  expect(sent?.headers.get("If-Match")).toBe('"j1.x"');
});

test("a reader sees limits, caps and scripts, and may change none", async () => {
  anApi({ "GET /api/me": me("reader") });
  const user = renderAt("/access?tab=probes");
  await user.click(await screen.findByRole("button", { name: "Actions of printers" }));
  expect(await screen.findByRole("menuitem", { name: /Remove/ })).toHaveAttribute("aria-disabled", "true");
  await user.click(screen.getByRole("menuitem", { name: "Show the script" }));
  expect(await screen.findByRole("textbox", { name: /Script/ })).toHaveAttribute("readonly");
  expect(screen.getByRole("button", { name: "Save the probe" })).toHaveAttribute("aria-disabled", "true");
});
