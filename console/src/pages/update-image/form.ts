/** What the form holds, and the request that it stands for. Pure. */

import type { Body, Model } from "../../api";
import type { PolicyChange } from "../../parts/policy/fields";
import { shortName } from "../../parts/words";
import { firstSchedule, isComplete, toSchedule, type ScheduleForm } from "../../parts/schedule";

export type Plan = Model<"PlanView">;
export type UpdateRequest = NonNullable<Body<"/api/pools/{pool}/update-image", "post">>;

export interface Form extends ScheduleForm {
  image: string;
  /** Empty until one is selected. */
  version: string;
  policy: PolicyChange;
  reason: string;
  /** Names of hosts, as typed. */
  only: string;
  exclude: string;
  /** With `only`. */
  forNewHosts: boolean;
  allowDowngrade: boolean;
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
    only: "",
    exclude: "",
    forNewHosts: false,
    allowDowngrade: false,
  };
}

/** What cannot be asked yet, or null. */
export function whatIsMissing(form: Form): string | null {
  if (!form.version) return "Select a version first.";
  return isComplete(form) ? null : "Give a date and a time.";
}

/** The request. Dates stay local, with the zone's name: the app turns them into UTC. */
export function toRequest(form: Form): UpdateRequest {
  const { image, version, policy, reason, forNewHosts, allowDowngrade } = form;
  const [only, exclude] = [hostNames(form.only), hostNames(form.exclude)];
  return {
    image,
    version,
    schedule: toSchedule(form),
    reason: reason.trim(),
    ...(Object.keys(policy).length > 0 ? { policy } : {}),
    ...(only.length > 0 ? { only, ...(forNewHosts ? { for_new_hosts: true } : {}) } : {}),
    ...(exclude.length > 0 ? { exclude } : {}),
    ...(allowDowngrade ? { allow_downgrade: true } : {}),
  };
}

/** The names in a text: with commas, spaces or one a line; each once. */
export function hostNames(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
}

/** The text with the full name of each host of which only one of the pool is meant: `office-0001` has a domain there. */
export function withDomains(text: string, known: readonly string[]): string {
  return text.replaceAll(/[^\s,;]+/g, (name) => {
    const found = known.filter((host) => shortName(host).toLowerCase() === name.toLowerCase());
    return found.length === 1 && found[0] ? found[0] : name;
  });
}
