import { expect, test } from "vitest";

import { ApiError } from "./problems";
import { fieldError, hasOnlyFields, IdempotencyKeys } from "./write";

test("the same content has the same key until it succeeded, other content another", () => {
  const keys = new IdempotencyKeys();
  const first = keys.of("a");
  expect(keys.of("a")).toBe(first);
  expect(keys.of("b")).not.toBe(first);
  keys.forget();
  expect(keys.of("a")).not.toBe(first);
  expect(first).toMatch(/^[!-~]{16,200}$/);
});

const refused = new ApiError(422, { errors: [{ field: "schedule.deadline", message: "this is in the past" }] });

test("a field has the messages of what is below it, and not of its namesakes", () => {
  expect(fieldError(refused, "schedule")).toBe("this is in the past");
  expect(fieldError(refused, "schedule.deadline")).toBe("this is in the past");
  expect(fieldError(refused, "sched")).toBeUndefined();
  expect(fieldError(null, "schedule")).toBeUndefined();
});

test("a bar is only needed for fields that the form does not show", () => {
  expect(hasOnlyFields(refused, ["schedule"])).toBe(true);
  expect(hasOnlyFields(refused, ["reason"])).toBe(false);
  expect(hasOnlyFields(new ApiError(409, {}), ["schedule"])).toBe(false);
});
