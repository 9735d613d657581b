import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** Filters live in the address, so that a page can be sent to somebody and comes back with "back". */
export interface Filters {
  get: (name: string) => string;
  /** Sets some; an empty text removes one. Each change replaces the entry in the history. */
  set: (change: Readonly<Record<string, string>>) => void;
  clear: () => void;
  /** Whether any of these is set. */
  any: (names: readonly string[]) => boolean;
}

export function useFilters(): Filters {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (change: Readonly<Record<string, string>>) => setParams((before) => withChange(before, change), { replace: true }),
    [setParams],
  );
  return {
    get: (name) => params.get(name) ?? "",
    set,
    clear: () => setParams({}, { replace: true }),
    any: (names) => names.some((name) => params.has(name)),
  };
}

/** The parameters after a change, without empty ones. */
export function withChange(before: URLSearchParams, change: Readonly<Record<string, string>>): URLSearchParams {
  const after = new URLSearchParams(before);
  for (const [name, value] of Object.entries(change)) {
    if (value) after.set(name, value);
    else after.delete(name);
  }
  return after;
}

/** Whether each word of the search is in one of the texts, whatever its case. */
export function matches(search: string, ...texts: readonly (string | null | undefined)[]): boolean {
  const all = texts.join(" ").toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
