/** What the form holds, and the request that it stands for. Pure. */

import type { Body, Model } from "../../api";
import { nextMonday } from "../../parts/time";

export type Plan = Model<"PlanView">;
export type UpdateRequest = NonNullable<Body<"/api/pools/{pool}/update-image", "post">>;
export type PolicyChange = NonNullable<UpdateRequest["policy"]>;
export type Mode = UpdateRequest["schedule"]["mode"];

export interface Form {
  image: string;
  /** Empty until one is selected. */
  version: string;
  mode: Mode;
  /** Local date and time as they were typed, in `zone`. Modes `at` and `on_logoff`. */
  date: string;
  time: string;
  zone: string;
  /** One of two moments with this local time, with its offset, when the clocks change. */
  exact: string;
  policy: PolicyChange;
  reason: string;
}

const USUAL_TIME = "01:00";

/** On log off until next Monday at 01:00 of the pool's zone, with the active version of the pool's image. */
export function firstForm(
  pool: Pick<Model<"PoolView">, "image" | "version" | "time_zone">,
  active: string | null,
  now: number,
): Form {
  return {
    image: pool.image,
    version: active && active !== pool.version ? active : "",
    mode: "on_logoff",
    date: nextMonday(pool.time_zone, now),
    time: USUAL_TIME,
    zone: pool.time_zone,
    exact: "",
    policy: {},
    reason: "",
  };
}

/** What cannot be asked yet, or null. */
export function whatIsMissing(form: Form): string | null {
  if (!form.version) return "Select a version first.";
  if (form.mode !== "now" && !(form.date && form.time)) return "Give a date and a time.";
  return null;
}

/** The request. Dates stay local, with the zone's name: the app turns them into UTC. */
export function toRequest(form: Form): UpdateRequest {
  const { image, version, mode, zone, policy, reason } = form;
  const moment = form.exact || `${form.date}T${form.time}`;
  const schedule: UpdateRequest["schedule"] =
    mode === "now" ? { mode } : { mode, time_zone: zone, ...(mode === "at" ? { at: moment } : { deadline: moment }) };
  return { image, version, schedule, reason: reason.trim(), ...(Object.keys(policy).length > 0 ? { policy } : {}) };
}

/** The field of the request that holds the date. */
export function dateField(mode: Mode): string {
  return mode === "at" ? "schedule.at" : "schedule.deadline";
}

const WITH_OFFSET = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?[+-]\d\d:\d\d/g;

/** The two moments that a refusal offers when the clocks change. Empty for other refusals. */
export function candidatesOf(message: string | undefined): string[] {
  const found = message?.match(WITH_OFFSET) ?? [];
  return found.length === 2 ? [...found] : [];
}
