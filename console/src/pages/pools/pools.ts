import type { Model } from "../../api";
import type { Filters } from "../../parts/filters";
import { versionsText } from "../../parts/words";

export type Pool = Model<"PoolView">;
export type Rollout = Model<"RolloutBrief">;

export const FILTERS = ["search", "account", "ring", "image", "rollout"] as const;
export const RINGS = ["test", "pilot", "production"] as const;

/** Pools of one page: nothing but rows is read for them. */
const MOST = 200;

const SORTS = ["name", "account", "image", "ring", "hosts", "sessions", "behind"] as const;
type Sort = (typeof SORTS)[number];

export interface PoolsQuery {
  limit: number;
  live: false;
  sort: Sort;
  order: "asc" | "desc";
  search?: string;
  account?: string;
  ring?: Pool["ring"][];
  image?: string;
  rollout?: "open";
  continuation?: string;
}

/** What the address asks for. What is not known there is left out. */
export function queryOf(filters: Pick<Filters, "get">): PoolsQuery {
  const [search, account, image] = [filters.get("search"), filters.get("account"), filters.get("image")];
  const after = filters.get("after");
  const ring = RINGS.find((each) => each === filters.get("ring"));
  return {
    limit: MOST,
    live: false,
    sort: SORTS.find((each) => each === filters.get("sort")) ?? "name",
    order: filters.get("order") === "desc" ? "desc" : "asc",
    ...(search ? { search } : {}),
    ...(account ? { account } : {}),
    ...(ring ? { ring: [ring] } : {}),
    ...(image ? { image } : {}),
    ...(filters.get("rollout") === "open" ? { rollout: "open" } : {}),
    ...(after ? { continuation: after } : {}),
  };
}

/** The choices, and what is chosen though it is not among them (yet). */
export function withChosen(values: readonly string[], chosen: string): string[] {
  return chosen && !values.includes(chosen) ? [...values, chosen] : [...values];
}

/** When the oldest of the numbers were read. */
export function oldestLook(pools: readonly Pick<Pool, "seen_at">[]): string | null {
  return pools.flatMap(({ seen_at }) => seen_at ?? []).sort()[0] ?? null;
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
export function mixText({ hosts_per_version: hosts, version }: Pick<Pool, "hosts_per_version" | "version">): string {
  const [first, ...others] = Object.keys(hosts);
  return others.length === 0 && first === version ? "" : versionsText(hosts);
}
