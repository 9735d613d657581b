import { QueryClientProvider } from "@tanstack/react-query";
import { renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test } from "vitest";

import { FakeApi } from "../testing/fakeApi";
import { useLive } from "./live";
import { usePlanned } from "./plan";
import { makeQueryClient } from "./query";
import { useWrite } from "./write";

test("after a write what is shown is read again, but the plan of what was just done is not", async () => {
  const api = new FakeApi({ "GET /api/accounts": { items: [] }, "POST /api/rollouts/1/pause": {} });
  const client = makeQueryClient();
  let asked = 0;
  const { result } = renderHook(
    () => ({
      accounts: useLive("/api/accounts", {}, { seen: 3_600 }),
      planned: usePlanned(["test"], { version: "2.0.0" }, () => Promise.resolve((asked += 1))),
      write: useWrite("post", "/api/rollouts/{rollout}/pause"),
    }),
    {
      wrapper: ({ children }: { children: ReactNode }): ReactNode => (
        <QueryClientProvider client={client}>{children}</QueryClientProvider>
      ),
    },
  );
  await waitFor(() => expect(result.current.planned.current).toBe(true));
  await waitFor(() => expect(result.current.accounts.data).toBeDefined());
  await result.current.write.send({ params: { path: { rollout: "1" } } });
  await waitFor(() => expect(api.requests("GET /api/accounts")).toHaveLength(2));
  expect(asked).toBe(1);
});
