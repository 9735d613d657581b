/** Sentences about a pool. Pure. */

import type { Model } from "../../api";
import { hostsText, peopleText } from "../../parts/dialog";

export type Pool = Model<"PoolView">;

export function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** `Production pool of contoso, win11-office 2.0.0: 60 hosts, 26 people.` */
export function lineOf(pool: Pool): string {
  const image = pool.version ? `${pool.image} ${pool.version}` : pool.image;
  const known = pool.hosts !== null && pool.sessions !== null;
  const numbers = known ? `: ${hostsText(pool.hosts ?? 0)}, ${peopleText(pool.sessions ?? 0)}` : "";
  return `${capital(pool.ring)} pool of ${pool.account}, ${image}${numbers}.`;
}

/** `31 on 2.0.0, 29 on 1.0.0`, the most first. */
export function versionsText(versions: Readonly<Record<string, number>>): string {
  const most = Object.entries(versions).sort(([, one], [, other]) => other - one);
  return most
    .map(([version, hosts]) => `${hosts} on ${version === "unknown" ? "no known version" : version}`)
    .join(", ");
}

export function whyNoUpdate(pool: Pool, mayNot: string | null): string | null {
  if (mayNot) return mayNot;
  if (pool.running_rollout) return "A rollout runs.";
  return pool.problem ? "The pool cannot be read." : null;
}

export function whyNoRollBack(pool: Pool, mayNot: string | null): string | null {
  if (mayNot) return mayNot;
  if (pool.running_rollout) return "A rollout runs: take it back on its page.";
  if (!pool.previous_version) return "It has had no other version.";
  return pool.problem ? "The pool cannot be read." : null;
}

export function whyNoUnregister(pool: Pool, mayNot: string | null): string | null {
  if (mayNot) return mayNot;
  return pool.running_rollout ? "A rollout runs." : null;
}

export function joinText(join: Pool["join"]): string {
  if (join.kind === "entra") return join.intune ? "Entra ID, with Intune" : "Entra ID";
  return `A domain, by profile ${join.profile}`;
}

const REFRESH: Readonly<Record<Pool["refresh"], string>> = {
  off: "Off",
  after_logoff: "After the last session of a host",
  daily: "Hosts used before today",
};

export function refreshText({ refresh, freshness }: Pick<Pool, "refresh" | "freshness">): string {
  if (!freshness) return REFRESH[refresh];
  return `${REFRESH[refresh]}: ${freshness.fresh} fresh, ${freshness.used} used`;
}

const DRAINS: Readonly<Record<Model<"PoolHostView">["drain"], string>> = {
  none: "",
  freshcoat: "Drained by Freshcoat",
  operator: "Drained by somebody",
};

/** Whether a host takes people, in words. */
export function serviceText(host: Pick<Model<"PoolHostView">, "accepting" | "drain" | "status">): string {
  if (host.drain !== "none") return DRAINS[host.drain];
  return host.accepting ? "Accepts people" : host.status;
}
