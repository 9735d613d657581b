import { render } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";

import { makeQueryClient } from "../api/query";
import { App } from "../app/App";

/** Draws the whole console at an address below `/console`. Make a `FakeApi` before. */
export function renderAt(address: string): UserEvent {
  window.history.replaceState(null, "", `/console${address}`);
  render(<App queries={makeQueryClient()} />);
  return userEvent.setup();
}
