import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// happy-dom begins animations and cancels them at the end, which Fluent takes for errors.
Reflect.deleteProperty(Element.prototype, "animate");

// The first test of a file loads the code of its page, which takes a while on a busy machine.
configure({ asyncUtilTimeout: 8_000 });

// 400 options make each look for a role slow.
Intl.supportedValuesOf = () => ["America/New_York", "Europe/Amsterdam", "UTC"];

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
  window.history.replaceState(null, "", "/console/");
});
