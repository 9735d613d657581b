import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { keyOf, type ApiError } from "../../../api";
import { request } from "../../../api/client";
import { merged, type Grid, type GridAnswer } from "./grid";

const MOST = 10_000;
const HOSTS = "/api/rollouts/{rollout}/hosts";

/** The state that a mark names, without the moment at which a worker of the app found it. */
const stateOf = (mark: string): string => mark.replace(/-\d+$/, "");

/**
 * The hosts of a rollout, as short rows. They are read when the rollout has another mark, and then only what has changed:
 * while nothing moves, a page of 10,000 hosts costs the poll of its rollout and no more. `readAt`: when the rollout was
 * read. Its answer and that of the hosts may come from two workers, one of which sees a change later: as long as they
 * differ, each poll asks once more.
 */
export function useHosts(
  rollout: string,
  mark: string | undefined,
  readAt: number,
): { grid: Grid | undefined; error: ApiError | null } {
  const last = useRef<{ rollout: string; grid: Grid } | null>(null);
  const query = useQuery<Grid, ApiError>({
    queryKey: [...keyOf(HOSTS, { rollout }), "grid"],
    enabled: mark !== undefined,
    staleTime: Infinity,
    structuralSharing: false,
    queryFn: async ({ signal }) => {
      const before = last.current?.rollout === rollout ? last.current.grid : null;
      const asked = { fields: "grid", limit: MOST, ...(before ? { since: before.mark } : {}) } as const;
      const { data } = await request("get", HOSTS, { params: { path: { rollout }, query: asked }, signal });
      const grid = data === null ? before : merged(before, data as GridAnswer);
      if (grid === null) throw new Error("304 for hosts that were never read");
      last.current = { rollout, grid };
      return grid;
    },
  });
  const { data, refetch, isFetching } = query;
  useEffect(() => {
    if (mark !== undefined && data && stateOf(data.mark) !== stateOf(mark) && !isFetching) void refetch();
    // One read for each poll: what moves meanwhile comes with the next one.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [mark, readAt]);
  return { grid: data, error: query.error };
}
