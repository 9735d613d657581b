import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { request, type ApiError, type Body } from "../../api";
import type { Plan } from "./consequences";

/** The plan is asked for when nothing was changed for so long. */
const PAUSE_MS = 800;
/** People come and go: it is asked for again. */
const AGAIN_MS = 60_000;

export interface Planned {
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

/** The two requests that have a plan, by the last part of their path. */
export interface Plannable {
  "update-image": NonNullable<Body<"/api/pools/{pool}/update-image", "post">>;
  "roll-back": NonNullable<Body<"/api/pools/{pool}/roll-back", "post">>;
}

/** What the request would do, asked for again after each change. Null: nothing can be asked yet. */
export function usePlan<K extends keyof Plannable>(kind: K, pool: string, asked: Plannable[K] | null): Planned {
  const client = useQueryClient();
  const text = asked ? JSON.stringify(asked) : "";
  const settled = useSettled(text, PAUSE_MS);
  const queryKey = ["plan", kind, pool, settled];
  const query = useQuery<Plan | null, ApiError>({
    queryKey,
    enabled: settled !== "",
    queryFn: ({ signal }) => askPlan(kind, pool, JSON.parse(settled) as object, signal),
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

async function askPlan(kind: keyof Plannable, pool: string, body: object, signal: AbortSignal): Promise<Plan | null> {
  const params = { path: { pool }, query: { what_if: true } };
  const { data } = await request("post", `/api/pools/{pool}/${kind}`, { params, body: body as never, signal });
  return data as Plan | null;
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

/** Why what is planned cannot be done now, or null. */
export function whyNoPlan({ plan, current, problem }: Pick<Planned, "plan" | "current" | "problem">): string | null {
  if (problem) return "This cannot be planned: see what is wrong above.";
  if (!plan || !current) return "The plan is being asked for.";
  const stops = plan.preflight.filter(({ result }) => result === "fail").length;
  if (stops > 0) return `${stops} ${stops === 1 ? "check stops" : "checks stop"} this.`;
  return plan.to_update === 0 ? "No host would be updated." : null;
}
