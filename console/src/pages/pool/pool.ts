/** Sentences about a pool. Pure. */

import type { Model } from "../../api";
import { hostsText, peopleText } from "../../parts/dialog";
import { capital } from "../../parts/words";

export type Pool = Model<"PoolView">;

/** `Production pool of contoso, win11-office 2.0.0: 60 hosts, 26 people.` */
export function lineOf(pool: Pool): string {
  const image = pool.version ? `${pool.image} ${pool.version}` : pool.image;
  const known = pool.hosts !== null && pool.sessions !== null;
  const numbers = known ? `: ${hostsText(pool.hosts ?? 0)}, ${peopleText(pool.sessions ?? 0)}` : "";
  return `${capital(pool.ring)} pool of ${pool.account}, ${image}${numbers}.`;
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
