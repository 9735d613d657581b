import { useQuery } from "@tanstack/react-query";

import { request } from "./client";
import { asApiError, type ApiError } from "./problems";
import type { Answer, Asked, PathsWith } from "./types";

export interface Stored<T> {
  data: T | undefined;
  /** For `ifMatch` of the write. */
  etag: string | undefined;
  problem: ApiError | null;
  /** Reads it again, after somebody else has changed it. */
  again: () => void;
}

/** Reads once what a form begins with, and its ETag. It does not change under the form by itself. */
export function useStored<P extends PathsWith<"get">>(
  path: P,
  params: Asked<P, "get">,
  enabled = true,
): Stored<Answer<P, "get">> {
  const query = useQuery<{ data: Answer<P, "get">; etag: string | undefined }, ApiError>({
    queryKey: ["stored", path, params],
    enabled,
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    queryFn: async ({ signal }) => {
      try {
        const { data, etag } = await request("get", path, { params, signal });
        return { data: data as Answer<P, "get">, etag: etag ?? undefined };
      } catch (thrown) {
        throw asApiError(thrown);
      }
    },
  });
  return {
    data: query.data?.data,
    etag: query.data?.etag,
    problem: query.error,
    again: () => void query.refetch(),
  };
}
