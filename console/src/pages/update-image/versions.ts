/** The versions that a pool can get, and why it cannot get the others. */

import { PACES, useLive, type Live, type Model } from "../../api";
import { matches } from "../../parts/filters";

export type Version = Model<"PoolVersionView">;

export interface Versions extends Pick<Live<unknown>, "error" | "refresh"> {
  /** Undefined: not read yet. */
  versions: Version[] | undefined;
}

const PAGE = 100;

/** The versions of a pool, of its own image first. Where they are more than a page, the app searches. */
export function useVersions(pool: string, search: string): Versions {
  const path = { pool };
  const first = useLive("/api/pools/{pool}/versions", { path, query: { limit: PAGE } }, PACES.lists);
  const asked = search.trim();
  const enabled = asked !== "" && Boolean(first.data?.continuation);
  const searched = useLive(
    "/api/pools/{pool}/versions",
    { path, query: { limit: PAGE, search: asked } },
    { ...PACES.lists, enabled, keepPrevious: true },
  );
  const live = enabled && searched.data ? searched : first;
  return { versions: live.data?.items, error: live.error, refresh: live.refresh };
}

/** When it came into the state that it is in. */
export function sinceOf({ activated_at, staged_at, created_at }: Version): string | null {
  return activated_at ?? staged_at ?? created_at;
}

/** The versions that a search leaves: by name, version or notes. */
export function found(versions: readonly Version[], search: string): Version[] {
  return versions.filter(({ image, version, notes }) => matches(search, image, version, notes));
}
