/** What the form holds, and the request that it stands for. Pure. */

import type { Body, Model } from "../../api";
import type { PolicyChange } from "../../parts/PolicyFields";
import { firstSchedule, isComplete, toSchedule, type ScheduleForm } from "../../parts/schedule";

export type Plan = Model<"PlanView">;
export type UpdateRequest = NonNullable<Body<"/api/pools/{pool}/update-image", "post">>;

export interface Form extends ScheduleForm {
  image: string;
  /** Empty until one is selected. */
  version: string;
  policy: PolicyChange;
  reason: string;
}

/** On log off until next Monday at 01:00 of the pool's zone, with the active version of the pool's image. */
export function firstForm(
  pool: Pick<Model<"PoolView">, "image" | "version" | "time_zone">,
  active: string | null,
  now: number,
): Form {
  return {
    image: pool.image,
    version: active && active !== pool.version ? active : "",
    ...firstSchedule(pool.time_zone, now),
    policy: {},
    reason: "",
  };
}

/** What cannot be asked yet, or null. */
export function whatIsMissing(form: Form): string | null {
  if (!form.version) return "Select a version first.";
  return isComplete(form) ? null : "Give a date and a time.";
}

/** The request. Dates stay local, with the zone's name: the app turns them into UTC. */
export function toRequest(form: Form): UpdateRequest {
  const { image, version, policy, reason } = form;
  const schedule = toSchedule(form);
  return { image, version, schedule, reason: reason.trim(), ...(Object.keys(policy).length > 0 ? { policy } : {}) };
}
