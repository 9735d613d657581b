/** The versions that a pool can get, and why it cannot get the others. */

import { PACES, useLive, type ApiError, type Model } from "../../api";
import { matches } from "../../parts/filters";

export interface Version {
  image: string;
  version: string;
  /** `active`, `staged`, …; null when it is in the gallery only. */
  state: string | null;
  notes: string;
  verdict: string | null;
  /** When it came into that state. */
  since: string | null;
  replicas: Readonly<Record<string, number>>;
  /** Why the pool cannot get it, or null. */
  whyNot: string | null;
}

export interface Versions {
  /** Undefined: not read yet. */
  versions: Version[] | undefined;
  /** How many are in the gallery only. */
  unknown: number;
  error: ApiError | null;
  refresh: () => void;
}

type Pool = Pick<Model<"PoolView">, "image" | "version" | "ring">;

export function useVersions(pool: Pool, image: string): Versions {
  const live = useLive("/api/images/{image}/versions", { path: { image } }, PACES.lists);
  const all = live.data?.items;
  return {
    versions: all
      ?.filter((one) => isKnown(one, pool))
      .map((one) => toVersion(one, image, pool))
      .sort((one, other) => rank(one) - rank(other) || compare(other.version, one.version)),
    unknown: all?.filter((one) => !isKnown(one, pool)).length ?? 0,
    error: live.error,
    refresh: live.refresh,
  };
}

/** Whether it is more than a version in the gallery. The pool's own is shown in any case. */
function isKnown(view: Model<"VersionView">, pool: Pool): boolean {
  return view.state !== null || view.version === pool.version;
}

function rank(version: Version): number {
  return version.whyNot ? 1 : 0;
}

function compare(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

function toVersion(view: Model<"VersionView">, image: string, pool: Pool): Version {
  return {
    image,
    version: view.version,
    state: view.version === pool.version ? "this pool" : view.state,
    notes: view.notes,
    verdict: view.verdict?.result ?? null,
    since: view.activated_at ?? view.staged_at ?? view.created_at,
    replicas: view.replicas,
    whyNot: whyNot(view, pool),
  };
}

/** Why the pool cannot get this version. The plan's checks decide in the end. */
export function whyNot(
  view: Pick<Model<"VersionView">, "version" | "state" | "ready">,
  pool: Pick<Pool, "version" | "ring">,
): string | null {
  if (view.version === pool.version) return "The pool has it";
  if (view.state === "staged") return pool.ring === "test" ? null : "Only for pools of ring test";
  if (view.state === "backup" || view.state === "replaced") return "Use Roll back";
  if (view.state !== "active") return "It is not active";
  return view.ready ? null : "It is not ready yet";
}

/** The versions that a search leaves: by name, version or notes. */
export function found(versions: readonly Version[], search: string): Version[] {
  return versions.filter(({ image, version, notes }) => matches(search, image, version, notes));
}
