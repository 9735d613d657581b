import type { Model } from "../../api";
import { matches, type Filters } from "../../parts/filters";

export type Pool = Model<"PoolView">;
export type Rollout = Model<"RolloutBrief">;

export const FILTERS = ["search", "account", "ring", "image", "rollout"] as const;
export const RINGS = ["test", "pilot", "production"] as const;

/** The pools that the filters leave. */
export function chosenPools(pools: readonly Pool[], filters: Pick<Filters, "get">): Pool[] {
  const [account, ring, image] = [filters.get("account"), filters.get("ring"), filters.get("image")];
  return pools.filter(
    (pool) =>
      matches(filters.get("search"), pool.name, pool.image, pool.version, pool.account) &&
      (!account || pool.account === account) &&
      (!ring || pool.ring === ring) &&
      (!image || pool.image === image) &&
      (filters.get("rollout") !== "open" || Boolean(pool.running_rollout)),
  );
}

/** The accounts or images that occur, by name. */
export function namesOf(pools: readonly Pool[] | undefined, field: "account" | "image"): string[] {
  return [...new Set(pools?.map((pool) => pool[field]))].sort();
}

export interface Attention {
  pool: string;
  rollout: string;
  text: string;
  /** Since when, in ISO 8601, if it is known. */
  since: string | null;
}

const WAITS: Partial<Record<Rollout["state"], string>> = {
  awaiting_approval: "waits for approval",
  paused: "is paused",
};

/** What needs somebody: rollouts that wait or are paused. */
export function attentionOf(pools: readonly Pool[]): Attention[] {
  return pools.flatMap(({ name, running_rollout: rollout }) => {
    const waits = rollout && WAITS[rollout.state];
    if (!waits) return [];
    const text = rollout.note ? `${waits}: ${rollout.note.text}` : waits;
    return [{ pool: name, rollout: rollout.id, text, since: rollout.note?.at ?? null }];
  });
}

/** `31 on 2.0.0, 29 on 1.0.0`, the most first. Empty when all hosts are on the pool's version. */
export function mixText(pool: Pick<Pool, "hosts_per_version" | "version">): string {
  const counts = Object.entries(pool.hosts_per_version ?? {}).sort(([, one], [, other]) => other - one);
  if (counts.length === 1 && counts[0]?.[0] === pool.version) return "";
  return counts
    .map(([version, hosts]) => `${hosts} on ${version === "unknown" ? "no known version" : version}`)
    .join(", ");
}

/** Why an update cannot be asked for now. */
export function whyNoUpdate(pool: Pick<Pool, "running_rollout" | "problem">, mayNot: string | null): string | null {
  if (mayNot) return mayNot;
  if (pool.running_rollout) return "A rollout runs.";
  return pool.problem ? "The pool cannot be read." : null;
}
