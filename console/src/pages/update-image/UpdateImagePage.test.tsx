import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { aPlan, aPool, aPoolVersion } from "../../testing/models";
import { Answer, FakeApi, me, type SentRequest } from "../../testing/fakeApi";
import { renderAt } from "../../testing/render";

const UPDATE = "POST /api/pools/office/update-image";

function fakeApi(replies: Readonly<Record<string, unknown>> = {}): FakeApi {
  const versions = [
    aPoolVersion(),
    aPoolVersion({
      version: "3.0.0",
      state: "staged",
      selectable: false,
      why_not: { code: "x", text: "only for ring test" },
    }),
  ];
  return new FakeApi({
    "GET /api/pools/office": aPool({ sessions: 71 }),
    "GET /api/images/win11-office": { name: "win11-office", current: "2.0.0" },
    "GET /api/pools/office/versions": { items: versions, continuation: null },
    [UPDATE]: (sent: SentRequest) =>
      sent.query.get("what_if")
        ? aPlan({ schedule: scheduleOf(sent) })
        : new Answer(202, { id: "8204-1", state: "running" }),
    ...replies,
  });
}

function scheduleOf(sent: SentRequest): object {
  const { mode } = (sent.body as { schedule: { mode: string } }).schedule;
  const force_at = mode === "now" ? new Date().toISOString() : "2099-12-07T00:00:00Z";
  return { mode, begin_at: new Date().toISOString(), force_at, time_zone: "Europe/Amsterdam", others_force_at: null };
}

const plans = (api: FakeApi): SentRequest[] => api.requests(UPDATE).filter(({ query }) => query.get("what_if"));
const writes = (api: FakeApi): SentRequest[] => api.requests(UPDATE).filter(({ query }) => !query.get("what_if"));

test("on log off is chosen, and the local deadline is sent with the zone's name", async () => {
  const api = fakeApi();
  renderAt("/pools/office/update-image");
  expect(await screen.findByRole("button", { name: "Publish 2.0.0 to 60 hosts" })).toBeEnabled();
  expect(screen.getByRole("radio", { name: /On log off/ })).toBeChecked();
  const { schedule, version } = plans(api)[0]?.body as { schedule: Record<string, string>; version: string };
  expect(version).toBe("2.0.0");
  expect(schedule.time_zone).toBe("Europe/Amsterdam");
  expect(schedule.deadline).toMatch(/^\d{4}-\d\d-\d\dT01:00$/);
});

test("the version of the address is selected at first, as Publish again asks for", async () => {
  const api = fakeApi();
  renderAt("/pools/office/update-image?version=3.0.0");
  await waitFor(() => expect(plans(api)[0]?.body).toMatchObject({ version: "3.0.0" }));
});

test("the button never has the numbers of an earlier plan", async () => {
  fakeApi();
  const user = renderAt("/pools/office/update-image");
  await screen.findByRole("button", { name: "Publish 2.0.0 to 60 hosts" });
  await user.click(screen.getByRole("radio", { name: /Schedule now/ }));
  const button = screen.getByRole("button", { name: "Publish" });
  expect(button).toHaveAttribute("aria-disabled", "true");
  expect(await screen.findByRole("button", { name: "Publish 2.0.0 to 60 hosts" })).toBeVisible();
});

test("signing people out now asks for the pool's name, and sends what was agreed on", async () => {
  const api = fakeApi();
  const user = renderAt("/pools/office/update-image");
  await user.click(await screen.findByRole("radio", { name: /Schedule now/ }));
  await user.click(await screen.findByRole("button", { name: "Publish 2.0.0 to 60 hosts" }));
  const dialog = await screen.findByRole("alertdialog", { name: "Sign out 71 people and publish 2.0.0 to office?" });
  await waitFor(() => expect(within(dialog).getByRole("button", { name: "Cancel" })).toHaveFocus());
  const send = within(dialog).getByRole("button", { name: "Sign out 71 people and publish" });
  await user.click(send);
  expect(writes(api)).toHaveLength(0);
  await user.type(within(dialog).getByRole("textbox"), "office");
  await user.click(send);
  await waitFor(() => expect(window.location.pathname).toBe("/console/rollouts/8204-1"));
  expect(writes(api)).toHaveLength(1);
  expect(writes(api)[0]?.body).toMatchObject({ plan: "0123456789abcdef", sign_outs: 71, schedule: { mode: "now" } });
  expect(writes(api)[0]?.headers.get("Idempotency-Key")).toBeTruthy();
});

test("an update that is not what was agreed on shows the new numbers", async () => {
  const changed = aPlan({ id: "fedcba9876543210", users_at_force: 80, users_now: 80 });
  const api = fakeApi({
    [UPDATE]: (sent: SentRequest) =>
      sent.query.get("what_if")
        ? aPlan({ schedule: scheduleOf(sent) })
        : new Answer(409, {
            type: "urn:freshcoat:plan-changed",
            title: "The plan has changed",
            detail: "80 people would be signed out, and you allow 71. Look at the new plan.",
            plan: { ...changed, schedule: scheduleOf(sent) },
          }),
  });
  const user = renderAt("/pools/office/update-image");
  await user.click(await screen.findByRole("radio", { name: /Schedule now/ }));
  await user.click(await screen.findByRole("button", { name: "Publish 2.0.0 to 60 hosts" }));
  await user.type(within(await screen.findByRole("alertdialog")).getByRole("textbox"), "office");
  await user.click(screen.getByRole("button", { name: "Sign out 71 people and publish" }));
  const dialog = await screen.findByRole("alertdialog", { name: /Sign out 80 people/ });
  expect(dialog).toHaveTextContent("you allow 71");
  await user.click(screen.getByRole("button", { name: "Sign out 80 people and publish" }));
  await waitFor(() => expect(writes(api)).toHaveLength(2));
  expect(writes(api)[1]?.body).toMatchObject({ plan: "fedcba9876543210", sign_outs: 80 });
});

test("a check that fails disables the button and says what to do", async () => {
  const stops = { check: "locks", result: "fail", detail: "a lock blocks it", what_to_do: "remove the lock" };
  fakeApi({ [UPDATE]: aPlan({ can_start: false, preflight: [stops as never] }) });
  renderAt("/pools/office/update-image");
  expect(await screen.findByText(/A lock blocks it/)).toBeVisible();
  expect(screen.getByText("Remove the lock.")).toBeVisible();
  expect(screen.getByRole("button", { name: /Publish 2.0.0/ })).toHaveAttribute("aria-disabled", "true");
});

test("a time that happens twice is offered as two moments", async () => {
  const message =
    "the clocks change: in Europe/Amsterdam this local time happens twice; write 2027-10-31T02:30:00+02:00 or 2027-10-31T02:30:00+01:00";
  const refused = new Answer(400, { title: "Not valid", errors: [{ field: "schedule.deadline", message }] });
  const api = fakeApi({
    [UPDATE]: (sent: SentRequest) => (JSON.stringify(sent.body).includes("+01:00") ? aPlan() : refused),
  });
  const user = renderAt("/pools/office/update-image");
  await user.click(await screen.findByRole("button", { name: /UTC\+01:00/ }));
  await screen.findByRole("button", { name: "Publish 2.0.0 to 60 hosts" });
  expect(plans(api).at(-1)?.body).toMatchObject({ schedule: { deadline: "2027-10-31T02:30:00+01:00" } });
});

test("versions that the pool cannot get stay in the list with the reason", async () => {
  fakeApi();
  const user = renderAt("/pools/office/update-image");
  await user.click(await screen.findByRole("button", { name: "Select new" }));
  // happy-dom has no layout, so Fluent takes the content of the dialog for hidden.
  const staged = await screen.findByRole("row", { name: /3\.0\.0/, hidden: true });
  expect(staged).toHaveTextContent("only for ring test");
  expect(within(staged).queryByText("Select")).toBeNull();
  await user.type(screen.getByPlaceholderText(/Search by name/), "2.0{Enter}");
  await waitFor(() => expect(screen.queryByRole("dialog", { hidden: true })).toBeNull());
});

test("a reader sees the form and why nothing can be published", async () => {
  const api = fakeApi({ "GET /api/me": me("reader") });
  renderAt("/pools/office/update-image");
  const button = await screen.findByRole("button", { name: "Publish" });
  expect(button).toHaveAttribute("aria-disabled", "true");
  expect(screen.getAllByText("You are reader. Publishing needs the role operator.")[0]).toBeVisible();
  expect(plans(api)).toHaveLength(0);
});

test("more options: only some hosts, without others, and what new hosts get", async () => {
  const api = fakeApi({
    [UPDATE]: (sent: SentRequest) =>
      aPlan({
        schedule: scheduleOf(sent),
        hosts: [
          { host: "office-0001.contoso.local", sessions: 0, action: "update" },
          { host: "office-0002.contoso.local", sessions: 1, action: "update" },
        ],
      }),
  });
  const user = renderAt("/pools/office/update-image");
  await screen.findByText("office-0001");
  await user.click(screen.getByRole("button", { name: /More options/ }));
  const newHosts = screen.getByRole("checkbox", { name: /New hosts/ });
  expect(newHosts).toBeDisabled();
  await user.click(screen.getByRole("textbox", { name: "Only these hosts" }));
  await user.paste("office-0001, office-0009");
  await user.click(screen.getByRole("textbox", { name: "Not these hosts" }));
  await user.paste("office-0002.contoso.local");
  await user.click(newHosts);
  await user.click(screen.getByRole("checkbox", { name: /older version/ }));
  await waitFor(() =>
    expect(plans(api).at(-1)?.body).toMatchObject({
      only: ["office-0001.contoso.local", "office-0009"],
      exclude: ["office-0002.contoso.local"],
      for_new_hosts: true,
      allow_downgrade: true,
    }),
  );
});

test("a host that the pool has not is said beside its field, also while the options are folded", async () => {
  const refused = { title: "Not valid", errors: [{ field: "only", message: "the pool has no host called x" }] };
  fakeApi({ [UPDATE]: (sent: SentRequest) => ("only" in (sent.body as object) ? new Answer(400, refused) : aPlan()) });
  const user = renderAt("/pools/office/update-image");
  const fold = await screen.findByRole("button", { name: /More options/ });
  await user.click(fold);
  await user.type(screen.getByRole("textbox", { name: "Only these hosts" }), "x");
  await user.click(fold);
  expect(await screen.findByRole("textbox", { name: "Only these hosts" })).toHaveAccessibleDescription(
    /no host called x/,
  );
  expect(screen.getAllByText(/no host called x/)).toHaveLength(1);
});

test("every field of the policy can be changed for this rollout; most of them are behind More", async () => {
  const api = fakeApi({
    "GET /api/access/probes": {
      items: [
        { account: "contoso", name: "smoke" },
        { account: "fabrikam", name: "other" },
      ],
      continuation: null,
    },
  });
  const user = renderAt("/pools/office/update-image");
  await user.click(await screen.findByRole("button", { name: /Policy/ }));
  expect(screen.queryByRole("textbox", { name: "What people are told" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "More of the policy" }));
  await user.type(screen.getByRole("textbox", { name: "Minutes before sign-out that people are warned" }), "0");
  await user.type(screen.getByRole("textbox", { name: "Further attempts of a host" }), "2");
  await user.selectOptions(screen.getByRole("combobox", { name: "How a host gets the image" }), "replace");
  await user.selectOptions(screen.getByRole("combobox", { name: "Maintenance windows" }), "Any time");
  const probe = screen.getByRole("combobox", { name: "Probe that checks the first hosts" });
  await waitFor(() => expect(within(probe).getAllByRole("option")).toHaveLength(2));
  await user.selectOptions(probe, "smoke");
  await user.selectOptions(screen.getByRole("combobox", { name: /Everybody is signed out at the deadline/ }), "Yes");
  await waitFor(() =>
    expect(plans(api).at(-1)?.body).toMatchObject({
      policy: {
        warn_minutes: [],
        retries: 2,
        strategy: "replace",
        windows: [],
        probe: "smoke",
        strict_deadline: true,
      },
    }),
  );
});
