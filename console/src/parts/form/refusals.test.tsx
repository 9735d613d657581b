import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { Answer, FakeApi, type SentRequest } from "../../testing/fakeApi";
import { aPlan, aPool } from "../../testing/models";
import { renderAt } from "../../testing/render";

const PAGES = import.meta.glob<string>("../../pages/**/*.tsx", { query: "?raw", import: "default", eager: true });
const FORM = /<(ConfirmDialog|FormDialog|FormPanel|FormPage)\b/;
const FIELD = /<(Input|Textarea|MomentFields|TextField|ScheduleFields|\w+Fields)\b/;

test("every dialog and form with fields says which of them show what is refused", () => {
  const forms = Object.entries(PAGES).filter(([name, text]) => !name.includes(".test.") && FORM.test(text));
  expect(forms.length).toBeGreaterThan(20);
  const silent = forms.filter(([, text]) => FIELD.test(text) && !text.includes("fields={")).map(([name]) => name);
  expect(silent).toEqual([]);
});

const PATH = "/api/pools/office/roll-back";

test("what is refused about a field of a dialog stands below it, and only there", async () => {
  const refused = new Answer(422, { title: "Not valid", errors: [{ field: "reason", message: "one line, please" }] });
  const api = new FakeApi({
    "GET /api/pools/office": aPool({ previous_version: "0.9.0", sessions: 0 }),
    [`POST ${PATH}`]: ({ query }: SentRequest) =>
      query.get("what_if") ? aPlan({ version: "0.9.0", users_at_force: 0, users_now: 0 }) : refused,
  });
  const user = renderAt("/pools/office?ask=roll-back");
  const dialog = await screen.findByRole("dialog", { name: /Roll office back/, hidden: true });
  const reason = within(dialog).getByRole("textbox", { name: "Reason", hidden: true });
  await user.type(reason, "because");
  const send = await within(dialog).findByRole("button", { name: "Roll 60 hosts back to 0.9.0", hidden: true });
  await user.click(send);
  await waitFor(() => expect(reason).toHaveAccessibleDescription("one line, please"));
  expect(screen.getAllByText(/one line, please/)).toHaveLength(1);
  await waitFor(() => expect(reason).toHaveFocus());
  expect(api.requests(`POST ${PATH}`).filter(({ query }) => !query.get("what_if"))).toHaveLength(1);
});
