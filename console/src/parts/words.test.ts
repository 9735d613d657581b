import { expect, test } from "vitest";

import { capital, listed, shortName, versionsText } from "./words";

test("numbers are listed as people say them", () => {
  expect(listed([60, 15, 5, 1])).toBe("60, 15, 5 and 1");
  expect(listed([5])).toBe("5");
});

test("the version of most hosts comes first", () => {
  expect(versionsText({ "1.0.0": 29, "2.0.0": 31, unknown: 1 })).toBe(
    "31 on 2.0.0, 29 on 1.0.0, 1 on no known version",
  );
  expect(versionsText({})).toBe("");
});

test("names lose their domain, rings get a capital", () => {
  expect(shortName("office-0001.contoso.local")).toBe("office-0001");
  expect(capital("production")).toBe("Production");
});
