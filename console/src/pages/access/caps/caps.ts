/** Caps per hour of an account. Pure. */

import type { Model } from "../../../api";
import { readNumber } from "../../../parts/policy/values";

export type Caps = Model<"CapsView">;
type Request = Model<"CapsRequest">;
export type CapName = "hosts_per_hour" | "sign_outs_per_hour" | "pools_per_hour";

export const CAPS: readonly (readonly [name: CapName, label: string, hint: string])[] = [
  ["hosts_per_hour", "Hosts begun in an hour", "Hosts that may be begun within an hour."],
  ["sign_outs_per_hour", "Sessions ended in an hour", "People who may be signed out within an hour."],
  ["pools_per_hour", "Pools in an hour", "Different pools that are worked in within an hour."],
];

export type Form = Record<CapName, string>;

export const EMPTY: Form = { hosts_per_hour: "", sign_outs_per_hour: "", pools_per_hour: "" };

export function formOf(caps: Caps): Form {
  return Object.fromEntries(CAPS.map(([name]) => [name, String(caps[name] ?? "")])) as Form;
}

/** All of them are sent, since PUT replaces them. */
export function toRequest(form: Form): Request {
  return Object.fromEntries(CAPS.map(([name]) => [name, readNumber(form[name], false) ?? null])) as Request;
}

export interface Use {
  used: number;
  backs: number;
  cap: number | null;
}

/** What counts in this hour against a cap. Roll-backs have caps of the same size of their own. */
export function countOf({ used, used_by_roll_backs: backs, ...caps }: Caps, name: CapName): Use {
  const count = (of: Caps["used"]): number =>
    name === "hosts_per_hour" ? of.hosts : name === "sign_outs_per_hour" ? of.sign_outs : of.pools.length;
  return { used: count(used), backs: count(backs), cap: caps[name] ?? null };
}

export const MOST_HOURS = 72;

/** Why the caps cannot be lifted so: null when they can. */
export function whyNoLift(hours: string, reason: string): string | null {
  const number = Number(hours);
  if (!Number.isInteger(number) || number < 1 || number > MOST_HOURS)
    return `Caps are lifted for 1 to ${MOST_HOURS} hours.`;
  return reason.trim() ? null : "Give the reason: it is recorded.";
}
