import { request, usePlanned, type Body, type PlannedOf } from "../../api";
import type { Plan } from "./consequences";

export type Planned = PlannedOf<Plan>;

/** The two requests that have a plan, by the last part of their path. */
export interface Plannable {
  "update-image": NonNullable<Body<"/api/pools/{pool}/update-image", "post">>;
  "roll-back": NonNullable<Body<"/api/pools/{pool}/roll-back", "post">>;
}

/** What the request would do to a pool, asked for again after each change. Null: nothing can be asked yet. */
export function usePlan<K extends keyof Plannable>(kind: K, pool: string, asked: Plannable[K] | null): Planned {
  return usePlanned([kind, pool], asked, async (body: Plannable[K], signal) => {
    const params = { path: { pool }, query: { what_if: true } };
    const { data } = await request("post", `/api/pools/{pool}/${kind}`, {
      params: params as never,
      body: body as never,
      signal,
    });
    return data as Plan | null;
  });
}

/** Why what is planned cannot be done now, or null. */
export function whyNoPlan({ plan, current, problem }: Pick<Planned, "plan" | "current" | "problem">): string | null {
  if (problem) return "This cannot be planned: see what is wrong above.";
  if (!plan || !current) return "The plan is being asked for.";
  const stops = plan.preflight.filter(({ result }) => result === "fail").length;
  if (stops > 0) return `${stops} ${stops === 1 ? "check stops" : "checks stop"} this.`;
  return plan.to_update === 0 ? "No host would be updated." : null;
}
