import { useState } from "react";

import { serverNow, type ApiError } from "../../../api";
import type { Rollout } from "../rollout";

const LONGEST_WARNING = 60;

/** Whether people on hosts of the rollout would be signed out before they are warned for an hour. A refresh signs out
 * nobody. Pure. */
export function signsOutSoon({ schedule, policy }: Rollout, now: number): boolean {
  if (!schedule) return false;
  const longest = Math.max(LONGEST_WARNING, ...policy.warn_minutes) * 60_000;
  return Date.parse(schedule.force_at) - now <= longest;
}

/** How many people a retry may sign out: nobody at first. Null: they are warned, so they are not counted. */
export function firstAgreed(rollout: Rollout): number | null {
  return signsOutSoon(rollout, serverNow()) ? 0 : null;
}

/** The number of people that the dialog shows and sends: that of the app, once it has said that there are more. */
export function useAgreed(problem: ApiError | null, first: number): number {
  const [agreed, setAgreed] = useState(first);
  const told = moreThanAgreed(problem) ?? 0;
  if (told > agreed) setAgreed(told);
  return Math.max(agreed, told);
}

/** How many people would be signed out, if the app has refused that. */
export function moreThanAgreed(problem: ApiError | null): number | null {
  return problem?.kind === "more-sign-outs" ? (problem.problem.sign_outs ?? null) : null;
}
