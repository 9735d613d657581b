import type { Model } from "../api";

/** Rules about a pool that several pages use. Pure. */
type Pool = Model<"PoolView">;

/** Why an update cannot be asked for now. `mayNot`: why the person may not publish. */
export function whyNoUpdate(pool: Pick<Pool, "running_rollout" | "problem">, mayNot: string | null): string | null {
  if (mayNot) return mayNot;
  if (pool.running_rollout) return "A rollout runs.";
  return pool.problem ? "The pool cannot be read." : null;
}

/** Why the pool cannot go back to the version before. */
export function whyNoRollBack(
  pool: Pick<Pool, "running_rollout" | "previous_version" | "problem">,
  mayNot: string | null,
): string | null {
  if (mayNot) return mayNot;
  if (pool.running_rollout) return "A rollout runs: take it back on its page.";
  if (!pool.previous_version) return "It has had no other version.";
  return pool.problem ? "The pool cannot be read." : null;
}

/** Why the pool cannot be unregistered. `mayNot`: why the person may not configure. */
export function whyNoUnregister(pool: Pick<Pool, "running_rollout">, mayNot: string | null): string | null {
  if (mayNot) return mayNot;
  return pool.running_rollout ? "A rollout runs." : null;
}
