import { render } from "@testing-library/react";
import { expect, test } from "vitest";

import { HOST_STATE_ORDER, HOST_STATES } from "./hosts";
import { HOST_MARKS } from "./marks";

test.each(HOST_STATE_ORDER)("the mark of a host that is %s is the icon of that state", (state) => {
  const { icon: Icon } = HOST_STATES[state];
  const icon = render(<Icon />).container.querySelector("svg");
  const mark = render(HOST_MARKS[state]).container.querySelector("svg");
  expect(mark?.getAttribute("viewBox")).toBe(icon?.getAttribute("viewBox"));
  const pathsOf = (svg: Element | null | undefined): (string | null)[] =>
    [...(svg?.querySelectorAll("path") ?? [])].map((path) => path.getAttribute("d"));
  expect(pathsOf(mark)).toEqual(pathsOf(icon));
  expect(mark?.getAttribute("aria-hidden")).toBe("true");
});
