import { expect, it } from "vitest";

import { firstSchedule } from "../../../parts/schedule";
import type { Image } from "../images";
import { effectsOf, requestOf, whatIsMissing, type ActivationForm, type Plan } from "./activation";

const IMAGE = { name: "win11", staged: "2.0.0", roll_back_to: "1.0.0" } as Image;
const FORM: ActivationForm = {
  ...firstSchedule("Europe/Amsterdam", Date.parse("2026-11-30T12:00:00Z")),
  backup: true,
  pools: "none",
  chosen: [],
  soak: "60",
  force: false,
  reason: "",
};

it("asks for nothing of pools unless pools are updated", () => {
  expect(requestOf(FORM, "activate", IMAGE)).toEqual({
    version: "2.0.0",
    backup: true,
    force: false,
    update_pools: "none",
    reason: "",
  });
});

it("sends schedule and soak with the pools, and the backup only when it activates", () => {
  const asked = requestOf({ ...FORM, pools: "all" }, "roll-back", IMAGE);
  expect(asked).toMatchObject({ version: "1.0.0", update_pools: "all", soak_minutes: 60 });
  expect(asked.schedule).toEqual({ mode: "on_logoff", deadline: "2026-12-07T01:00", time_zone: "Europe/Amsterdam" });
  expect(asked).not.toHaveProperty("backup");
});

it("says what is missing", () => {
  expect(whatIsMissing(FORM)).toBeNull();
  expect(whatIsMissing({ ...FORM, pools: "chosen" })).toMatch(/at least one pool/);
  expect(whatIsMissing({ ...FORM, pools: "all", soak: "x" })).toMatch(/as a number/);
});

it("names people before versions", () => {
  const plan = {
    image: "win11",
    version: "2.0.0",
    pools: [{ updated: true, update_ring: 0 }, { updated: false }],
    to_update: 60,
    users_at_force: 71,
    versions: [{ version: "1.0.0", becomes: "backup" }],
  } as unknown as Plan;
  expect(effectsOf(plan)).toEqual([
    "2.0.0 becomes the current version of win11.",
    "1 pool is updated: 60 hosts.",
    "At most 71 people are signed out.",
    "1 other pool stays as it is.",
    "1.0.0 becomes backup.",
  ]);
});
