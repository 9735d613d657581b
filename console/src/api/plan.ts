import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { ApiError } from "./problems";

/** The plan is asked for when nothing was changed for so long. */
const PAUSE_MS = 800;
/** People come and go: it is asked for again. */
const AGAIN_MS = 60_000;

export interface PlannedOf<Plan> {
  /** The last plan that was received, maybe of another request: see `current`. */
  plan: Plan | null;
  /** Whether the plan is that of the form as it stands now. */
  current: boolean;
  problem: ApiError | null;
  /** When it came, by this machine's clock. */
  checkedAt: number;
  /** Takes a plan that a refusal brought. */
  take: (plan: Plan) => void;
  again: () => void;
}

/**
 * What a request would do, asked for again after each change of it. `name`: what the plan is of. `asked`: null while nothing
 * can be asked yet. `ask`: sends the request with `what_if`.
 */
export function usePlanned<Plan, Request>(
  name: readonly string[],
  asked: Request | null,
  ask: (asked: Request, signal: AbortSignal) => Promise<Plan | null>,
): PlannedOf<Plan> {
  const client = useQueryClient();
  const text = asked ? JSON.stringify(asked) : "";
  const settled = useSettled(text, PAUSE_MS);
  const queryKey = ["plan", ...name, settled];
  const query = useQuery<Plan | null, ApiError>({
    queryKey,
    enabled: settled !== "",
    queryFn: ({ signal }) => ask(JSON.parse(settled) as Request, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: true,
    refetchIntervalInBackground: false,
    refetchInterval: AGAIN_MS,
  });
  const settling = text !== settled;
  return {
    plan: query.data ?? null,
    current: !settling && !query.isPlaceholderData && query.data !== undefined && query.error === null,
    problem: settling ? null : query.error,
    checkedAt: query.dataUpdatedAt,
    take: (plan) => client.setQueryData(queryKey, plan),
    again: () => void query.refetch(),
  };
}

/** The text when it has not changed for a while. The first one counts at once. */
function useSettled(text: string, pause: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    if (text === settled) return;
    const timer = setTimeout(() => setSettled(text), settled === "" ? 0 : pause);
    return () => clearTimeout(timer);
  }, [text, settled, pause]);
  return settled;
}
