import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";
import type { Rollout } from "./rollout";

const ID = "8204693463134-636d";
const AT = `/api/rollouts/${ID}`;
const YES = { can: true, why: null, effect: { code: "would", text: "2 hosts in work are finished.", count: 2 } };
const NO = { can: false, why: { code: "not_now", text: "It has not begun." }, effect: null };

const ROLLOUT = {
  id: ID,
  kind: "update",
  pool: "office",
  image: "win11-office",
  version: "2.0.0",
  from_version: "1.0.0",
  state: "running",
  percent: 65,
  counts: { done: 1, failed: 1, waiting_for_logoff: 1 },
  versions: { "2.0.0": 1, "1.0.0": 2 },
  hosts: 3,
  schedule: {
    mode: "on_logoff",
    begin_at: "2026-11-30T20:00:00Z",
    force_at: "2026-12-07T00:00:00Z",
    others_force_at: null,
    time_zone: "Europe/Amsterdam",
  },
  reason: "November patches",
  requested_by: "operator@contoso.com",
  created_at: "2026-11-30T20:00:00Z",
  started_at: "2026-11-30T20:00:00Z",
  ended_at: null,
  note: null,
  next: null,
  expected_end: null,
  expected_end_bounds: null,
  sessions_open: 2,
  sessions_signed_out: 0,
  exclude: [],
  people_left: 2,
  policy_summary: ["One host first."],
  failures_allowed: 3,
  at_once_now: null,
  warnings: [],
  first_hosts: null,
  mark: "a",
  as_of: "2026-11-30T20:00:00Z",
  policy: {
    max_failed: 3,
    max_in_flight: 50,
    max_unavailable: "25%",
    min_available: 1,
    canary_hosts: 0,
    bake_minutes: 0,
    canary_hold: "auto",
    proof: "host",
    strategy: "auto",
    warn_minutes: [60, 15, 5, 1],
    retries: 1,
    keep_old_disk_days: 7,
  },
  commands: {
    pause: YES,
    resume: NO,
    cancel: YES,
    roll_back: YES,
    reschedule: YES,
    approve: NO,
    retry: YES,
    change: YES,
  },
} as unknown as Rollout;

const FIELDS = ["name", "state", "sessions", "state_since", "version", "attempt", "first"];
const HOSTS = {
  as_of: "2026-11-30T20:00:00Z",
  mark: "a",
  whole: true,
  removed: [],
  counts: ROLLOUT.counts,
  continuation: null,
  fields: FIELDS,
  states: ["done", "failed", "waiting_for_logoff"],
  versions: ["1.0.0", "2.0.0"],
  suffix: ".contoso.local",
  items: [
    ["office-0001", 0, 0, 1, 1, 1, 0],
    ["office-0002", 1, 0, 1, 0, 2, 0],
    ["office-0003", 2, 2, 1, 0, 0, 0],
  ],
};
const FAILED = {
  host: "office-0002.contoso.local",
  vm_id: "/subscriptions/1/vm",
  state: "failed",
  step: "join_host",
  attempt: 2,
  sessions: 0,
  from_version: "1.0.0",
  version: "1.0.0",
  target: "2.0.0",
  strategy: "reimage",
  reason: null,
  error: "The VM did not join Entra ID.",
  what_to_do: "Look at the extension in Azure, then retry.",
  state_since: "2026-11-30T20:00:00Z",
  steps: [{ name: "rebuild_host", at: "2026-11-30T20:00:00Z", seconds: 432, ok: true, attempt: 1 }],
  signed_out: 0,
  old_disk_id: null,
};

function api(change: Partial<Rollout> = {}): FakeApi {
  return new FakeApi({
    [`GET ${AT}`]: { ...ROLLOUT, ...change },
    [`GET ${AT}/hosts`]: ({ query }: { query: URLSearchParams }) =>
      query.get("fields") === "grid" ? HOSTS : { ...HOSTS, items: [FAILED] },
    [`GET ${AT}/events`]: {
      items: [
        {
          id: "1",
          at: "2026-11-30T20:01:00Z",
          kind: "begun",
          host: null,
          who: null,
          text: { text: "It began." },
          data: {},
        },
      ],
      continuation: null,
    },
  });
}

test("the page says what it is, how far, what failed, and shows every host with its word", async () => {
  api();
  renderAt(`/rollouts/${ID}`);
  expect(await screen.findByRole("heading", { level: 1, name: "office to 2.0.0" })).toBeVisible();
  expect(screen.getByText(/1 host failed/)).toBeVisible();
  const grid = await screen.findByRole("list", { name: "Hosts by name" });
  expect(
    within(grid)
      .getAllByRole("button")
      .map((tile) => tile.textContent),
  ).toEqual([expect.stringContaining("Done"), expect.stringContaining("Failed"), expect.stringContaining("2 people")]);
  expect(await screen.findByText("It began.")).toBeVisible();
  expect(document.title).toBe("office to 2.0.0, 65 % - Freshcoat");
});

test("a host's panel says what happened and what to do, and retries that host alone", async () => {
  const sent = api().on(`POST ${AT}/retry`, ROLLOUT);
  const user = renderAt(`/rollouts/${ID}`);
  await user.click(await screen.findByRole("button", { name: /0002/ }));
  const panel = await screen.findByRole("region", { name: "Host office-0002" });
  expect(await within(panel).findByText("The VM did not join Entra ID.")).toBeVisible();
  expect(within(panel).getByText(/Look at the extension/)).toBeVisible();
  await user.click(within(panel).getByRole("button", { name: "Retry" }));
  await user.click(await screen.findByRole("button", { name: "Retry office-0002" }));
  await waitFor(() => expect(sent.requests(`POST ${AT}/retry`)).toHaveLength(1));
  expect(sent.requests(`POST ${AT}/retry`)[0]?.body).toEqual({ hosts: ["office-0002.contoso.local"] });
});

test("pausing is done at once, and says what happens now", async () => {
  const sent = api().on(`POST ${AT}/pause`, ROLLOUT);
  const user = renderAt(`/rollouts/${ID}`);
  await user.click(await screen.findByRole("button", { name: "Pause" }));
  await waitFor(() => expect(sent.requests(`POST ${AT}/pause`)).toHaveLength(1));
  expect(await screen.findByText("2 hosts in work are finished.")).toBeVisible();
});

test("taking everything back needs the pool's name, and sends it once with a key", async () => {
  const sent = api().on(`POST ${AT}/cancel`, new Answer(202, ROLLOUT));
  const user = renderAt(`/rollouts/${ID}`);
  await user.click(await screen.findByRole("button", { name: "Stop or take back" }));
  await user.click(await screen.findByRole("menuitem", { name: "Take everything back to 1.0.0" }));
  const confirm = await screen.findByRole("button", { name: "Take office back to 1.0.0" });
  await user.click(confirm);
  expect(sent.requests(`POST ${AT}/cancel`)).toHaveLength(0);
  await user.type(screen.getByRole("textbox", { name: /Type office/ }), "office");
  await user.click(confirm);
  await waitFor(() => expect(sent.requests(`POST ${AT}/cancel`)).toHaveLength(1));
  const [request] = sent.requests(`POST ${AT}/cancel`);
  expect(request?.body).toEqual({ how: "roll_back" });
  expect(request?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
});

test("what the state does not take is disabled with the app's reason", async () => {
  const why = { code: "not_now", text: "Sessions are being ended; the deadline cannot move." };
  const commands = { ...ROLLOUT.commands, reschedule: { can: false, why, effect: null } } as Rollout["commands"];
  api({ commands });
  renderAt(`/rollouts/${ID}`);
  const move = await screen.findByRole("button", { name: "Move deadline" });
  expect(move).toHaveAttribute("aria-disabled", "true");
  expect(move).toHaveAccessibleDescription(why.text);
});

test("a deadline is moved as local time with the pool's zone, and nearer needs the pool's name", async () => {
  const sent = api().on(`POST ${AT}/reschedule`, new Answer(202, ROLLOUT));
  const user = renderAt(`/rollouts/${ID}`);
  await user.click(await screen.findByRole("button", { name: "Move deadline" }));
  const date = await screen.findByLabelText("Date");
  expect(date).toHaveValue("2026-12-07");
  await user.clear(date);
  await user.type(date, "2026-12-05");
  expect(await screen.findByText(/2 people may be signed out earlier/)).toBeVisible();
  await user.type(screen.getByRole("textbox", { name: /Type office/ }), "office");
  await user.click(screen.getByRole("button", { name: "Move the deadline" }));
  await waitFor(() => expect(sent.requests(`POST ${AT}/reschedule`)).toHaveLength(1));
  expect(sent.requests(`POST ${AT}/reschedule`)[0]?.body).toEqual({
    deadline: "2026-12-05T01:00",
    time_zone: "Europe/Amsterdam",
    sign_outs: 2,
  });
});

test("a deadline that is moved farther away counts nobody", async () => {
  const sent = api().on(`POST ${AT}/reschedule`, new Answer(202, ROLLOUT));
  const user = renderAt(`/rollouts/${ID}`);
  await user.click(await screen.findByRole("button", { name: "Move deadline" }));
  const date = await screen.findByLabelText("Date");
  await user.clear(date);
  await user.type(date, "2026-12-09");
  await user.click(screen.getByRole("button", { name: "Move the deadline" }));
  await waitFor(() => expect(sent.requests(`POST ${AT}/reschedule`)).toHaveLength(1));
  expect(sent.requests(`POST ${AT}/reschedule`)[0]?.body).not.toHaveProperty("sign_outs");
});

test("a retry after the deadline signs nobody out before their number was shown and the pool's name typed", async () => {
  const over = { ...ROLLOUT.schedule, force_at: "2020-01-01T00:00:00Z" } as Rollout["schedule"];
  const more = { type: "urn:freshcoat:more-sign-outs", title: "More people would be signed out", sign_outs: 2 };
  const sent = api({ schedule: over }).on(`POST ${AT}/retry`, new Answer(409, { ...more, detail: "2 people" }));
  const user = renderAt(`/rollouts/${ID}`);
  await user.click(await screen.findByRole("button", { name: "Retry 1 host" }));
  const retry = (): HTMLElement =>
    within(screen.getByRole("alertdialog")).getByRole("button", { name: "Retry 1 host" });
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Retry 1 host" }));
  expect(await screen.findByText(/2 people are signed in on hosts that are updated/)).toBeVisible();
  expect(retry()).toHaveAttribute("aria-disabled", "true");
  await user.type(screen.getByRole("textbox", { name: /Type office/ }), "office");
  sent.on(`POST ${AT}/retry`, new Answer(202, ROLLOUT));
  await user.click(retry());
  await waitFor(() => expect(sent.requests(`POST ${AT}/retry`)).toHaveLength(2));
  expect(sent.requests(`POST ${AT}/retry`).map((one) => one.body)).toEqual([{ sign_outs: 0 }, { sign_outs: 2 }]);
});

test("an unknown rollout says so and shows the way to the others", async () => {
  new FakeApi({ [`GET ${AT}`]: new Answer(404, { title: "Not found", detail: "There is no such rollout." }) });
  renderAt(`/rollouts/${ID}`);
  expect(await screen.findByText(/There is no such rollout/)).toBeVisible();
  expect(screen.getByRole("link", { name: "All rollouts" })).toBeVisible();
});

test("hosts from a worker that saw a change later are asked for again, those of the same state are not", async () => {
  const marks = { rollout: "new-1-100", hosts: "old-1-90" };
  const fake = api();
  fake.on(`GET ${AT}`, () => ({ ...ROLLOUT, mark: marks.rollout }));
  fake.on(`GET ${AT}/hosts`, () => ({ ...HOSTS, mark: marks.hosts }));
  renderAt(`/rollouts/${ID}`);
  const asked = (): number => fake.requests(`GET ${AT}/hosts`).length;
  const polls = (): number => fake.requests(`GET ${AT}`).length;
  await screen.findByRole("list", { name: "Hosts by name" });
  await waitFor(() => expect(polls()).toBeGreaterThan(1), { timeout: 20_000 });
  await waitFor(() => expect(asked()).toBeGreaterThan(1), { timeout: 20_000 });
  marks.hosts = "new-1-95";
  const before = { asked: asked(), polls: polls() };
  await waitFor(() => expect(polls()).toBeGreaterThan(before.polls + 2), { timeout: 30_000 });
  expect(asked()).toBeLessThanOrEqual(before.asked + 2);
}, 60_000);
