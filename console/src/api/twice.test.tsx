import { QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test } from "vitest";

import { FakeApi } from "../testing/fakeApi";
import { makeQueryClient } from "./query";
import { useWrite } from "./write";

test("a second press before the button is drawn as busy sends nothing", async () => {
  const api = new FakeApi({ "POST /api/rollouts/1/pause": {} });
  const client = makeQueryClient();
  const { result } = renderHook(() => useWrite("post", "/api/rollouts/{rollout}/pause"), {
    wrapper: ({ children }: { children: ReactNode }): ReactNode => (
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    ),
  });
  const { send } = result.current;
  const ask = { params: { path: { rollout: "1" } } };
  const answers = await act(() => Promise.all([send(ask), send(ask)]));
  expect(answers).toEqual([{}, null]);
  expect(api.requests("POST /api/rollouts/1/pause")).toHaveLength(1);
  expect(await act(() => send(ask))).toEqual({});
});
