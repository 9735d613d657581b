import { expect, it } from "vitest";

import { powerText, setAsImageText, shownVersions, versionStateText, type Version } from "./images";

it("names what happens to the template", () => {
  expect(setAsImageText({ power: "running" })).toBe("Power off & set as image");
  expect(setAsImageText({ power: "deallocated" })).toBe("Set as image");
  expect(powerText({ template_vm_id: "", power: "" })).toBe("None");
  expect(powerText({ template_vm_id: "/vm", power: "deallocated" })).toBe("Off");
});

it("shows the highest version first, by number, without those that are gone", () => {
  const versions = [
    { version: "1.9.0", state: "backup" },
    { version: "1.10.0", state: "active" },
    { version: "2.0.0", state: "deleted" },
    { version: "0.1.0", state: null },
  ] as Version[];
  expect(shownVersions(versions, false).map(({ version }) => version)).toEqual(["1.10.0", "1.9.0", "0.1.0"]);
  expect(shownVersions(versions, true)).toHaveLength(4);
  expect(versionStateText({ state: null })).toBe("In the gallery only");
});
