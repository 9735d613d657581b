import type { Body, Model } from "../../../api";
import { toSchedule, type ScheduleForm } from "../../../parts/schedule";
import type { Image } from "../images";

/** What an activation or a roll-back of an image asks for, and what is said before it. Pure. */
export type Way = "activate" | "roll-back";
export type ActivateRequest = NonNullable<Body<"/api/images/{image}/activate", "post">>;
export type Plan = Model<"ActivationPlanView">;
export type Pools = "none" | "all" | "chosen";

export interface ActivationForm extends ScheduleForm {
  backup: boolean;
  pools: Pools;
  /** Names, when pools are chosen. */
  chosen: readonly string[];
  soak: string;
  force: boolean;
  reason: string;
}

/** The request of both ways; a roll-back keeps what it leaves. */
export function requestOf(form: ActivationForm, way: Way, image: Image): ActivateRequest {
  const updates = form.pools !== "none";
  const version = way === "roll-back" ? image.roll_back_to : image.staged;
  return {
    ...(version ? { version } : {}),
    ...(way === "activate" ? { backup: form.backup } : {}),
    force: form.force,
    update_pools: form.pools === "chosen" ? [...form.chosen] : form.pools,
    ...(updates ? { schedule: toSchedule(form), soak_minutes: Number(form.soak) || 0 } : {}),
    reason: form.reason.trim(),
  };
}

/** Why it cannot be asked for yet, or null. */
export function whatIsMissing(form: ActivationForm): string | null {
  if (form.pools === "chosen" && form.chosen.length === 0) return "Choose at least one pool.";
  if (form.pools !== "none" && form.mode !== "now" && !(form.date && form.time)) return "Give a date and a time.";
  if (form.pools !== "none" && !/^\d+$/.test(form.soak)) return "Give the minutes between two rings as a number.";
  return null;
}

/** What the plan says, the most important first. */
export function effectsOf(plan: Plan): string[] {
  const updated = plan.pools.filter(({ updated }) => updated);
  const rings = new Set(updated.map(({ update_ring: ring }) => ring)).size;
  const others = plan.pools.length - updated.length;
  return [
    `${plan.version} becomes the current version of ${plan.image}.`,
    updated.length === 0
      ? "No pool is updated. New hosts follow where the pool says so."
      : `${updated.length} ${updated.length === 1 ? "pool is" : "pools are"} updated: ${plan.to_update} hosts${rings > 1 ? `, in ${rings} rings` : ""}.`,
    ...(plan.users_at_force > 0
      ? [`At most ${plan.users_at_force} ${plan.users_at_force === 1 ? "person is" : "people are"} signed out.`]
      : []),
    ...(updated.length > 0 && others > 0
      ? [`${others} other ${others === 1 ? "pool stays as it is" : "pools stay as they are"}.`]
      : []),
    ...plan.versions.map(({ version, becomes }) => `${version} becomes ${becomes}.`).slice(0, 3),
  ];
}
