import { QueryClientProvider } from "@tanstack/react-query";
import { renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test } from "vitest";

import { Answer, FakeApi } from "../testing/fakeApi";
import { useLive } from "./live";
import { makeQueryClient } from "./query";

function liveAccounts() {
  const client = makeQueryClient();
  const wrapper = ({ children }: { children: ReactNode }): ReactNode => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook(() => useLive("/api/accounts", {}, { seen: 3_600 }), { wrapper }).result;
}

test("an answer that nothing changed keeps the same object", async () => {
  const api = new FakeApi({ "GET /api/accounts": new Answer(200, { items: [] }, { ETag: '"a"' }) });
  const live = liveAccounts();
  await waitFor(() => expect(live.current.data).toBeDefined());
  const before = live.current.data;
  api.on("GET /api/accounts", new Answer(304, null, { ETag: '"a"' }));
  live.current.refresh();
  await waitFor(() => expect(api.requests("GET /api/accounts")).toHaveLength(2));
  expect(api.requests("GET /api/accounts")[1]?.headers.get("If-None-Match")).toBe('"a"');
  await waitFor(() => expect(live.current.failures).toBe(0));
  expect(live.current.data).toBe(before);
});

test("data stays while polls fail, and the failures are counted until an answer comes", async () => {
  const api = new FakeApi({ "GET /api/accounts": { items: [] } });
  const live = liveAccounts();
  await waitFor(() => expect(live.current.data).toBeDefined());
  api.on("GET /api/accounts", new Answer(503, { title: "Azure is busy" }, { "Retry-After": "7" }));
  live.current.refresh();
  await waitFor(() => expect(live.current.failures).toBe(1));
  expect(live.current.data).toBeDefined();
  expect(live.current.error?.retryAfter).toBe(7);
  api.on("GET /api/accounts", { items: [] });
  live.current.refresh();
  await waitFor(() => expect(live.current.failures).toBe(0));
  expect(live.current.error).toBeNull();
});

test("an answer of a proxy gets words of its own", async () => {
  new FakeApi({ "GET /api/accounts": new Answer(502, "<html>") });
  const live = liveAccounts();
  await waitFor(() => expect(live.current.error?.status).toBe(502));
  expect(live.current.error?.message).toContain("without an explanation");
});
