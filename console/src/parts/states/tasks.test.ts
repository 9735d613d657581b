import { expect, it } from "vitest";

import { taskText } from "./tasks";

it("says what a task does, and to what", () => {
  expect(taskText({ kind: "set_as_image", image: "win11", pool: null, version: "2.0.0" })).toBe(
    "Set as image: win11 2.0.0",
  );
  expect(taskText({ kind: "rollout", image: "win11", pool: "office", version: "2.0.0" })).toBe(
    "Rollout: office to 2.0.0",
  );
  expect(taskText({ kind: "refresh", image: "win11", pool: "office", version: "2.0.0" })).toBe("Refresh: office");
  expect(taskText({ kind: "update_pools", image: "", pool: null, version: null })).toBe("Update pools");
});
