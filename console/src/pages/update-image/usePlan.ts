import { request, usePlan, type Planned as PlannedOf } from "../../api";
import type { Plan, UpdateRequest } from "./form";

export type Planned = PlannedOf<Plan>;

/** What the update would do, asked for again after each change. Null: nothing can be asked yet. */
export function useUpdatePlan(pool: string, asked: UpdateRequest | null): Planned {
  return usePlan(["update-image", pool], asked, async (body: UpdateRequest, signal) => {
    const params = { path: { pool }, query: { what_if: true } };
    const { data } = await request("post", "/api/pools/{pool}/update-image", { params, body, signal });
    return data as Plan | null;
  });
}
