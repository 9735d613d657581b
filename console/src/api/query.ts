import { QueryClient } from "@tanstack/react-query";

/** The store of everything that was read. Polls are timed by `useLive`, so nothing is tried again here. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        networkMode: "always",
        refetchOnWindowFocus: "always",
        refetchOnReconnect: "always",
        refetchIntervalInBackground: true,
        staleTime: 1_000,
        gcTime: 5 * 60_000,
      },
    },
  });
}
