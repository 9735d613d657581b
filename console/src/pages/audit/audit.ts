/** What the record is asked for, and how an entry is written. Pure. */

import type { Model } from "../../api";
import type { Filters } from "../../parts/filters";

export type Entry = Model<"AuditEntryView">;
export type Verified = Model<"VerifiedView"> & { signed?: string[]; signatures_read?: boolean };
type Kind = Entry["kind"];

/** The filters in the address. `page` is where the shown page begins. */
export const FILTERS = [
  "from",
  "to",
  "who",
  "action",
  "subject",
  "kind",
  "pool",
  "image",
  "account",
  "rollout",
  "correlation",
] as const;
export type FilterName = (typeof FILTERS)[number];

export const KINDS: readonly (readonly [Kind, string])[] = [
  ["change", "Changes"],
  ["intent", "Before it is done"],
  ["outcome", "How it ended"],
];

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  change: "Changed",
  intent: "About to be done",
  outcome: "Ended",
};

export type KindChoice = Kind | "all";

/** Which entries are shown: changes, unless the address says otherwise; of one request all of them. */
export function kindOf(filters: Pick<Filters, "get">): KindChoice {
  const asked = filters.get("kind");
  const known = asked === "all" ? asked : KINDS.find(([kind]) => kind === asked)?.[0];
  return known ?? (filters.get("correlation") ? "all" : "change");
}

/** Entries of one page. */
export const MOST = 100;

export type AuditQuery = { limit: number } & Partial<Record<Exclude<FilterName, "kind"> | "continuation", string>> & {
    kind?: Kind;
  };

/** What the address asks for. What is empty there is left out. */
export function queryOf(filters: Pick<Filters, "get">): AuditQuery {
  const query: Record<string, string | number> = { limit: MOST };
  const kind = kindOf(filters);
  for (const name of FILTERS) {
    const value = name === "kind" ? (kind === "all" ? "" : kind) : filters.get(name).trim();
    if (value) query[name] = value;
  }
  if (filters.get("page")) query.continuation = filters.get("page");
  return query as AuditQuery;
}

/** A change of filters begins at the newest entry again. */
export function withFilter(change: Partial<Record<FilterName, string>>): Record<string, string> {
  return { ...change, page: "", entry: "" };
}

/** `2026-11-30T10:00Z` in the address -> what an input of date and time takes. */
export function inputOf(moment: string): string {
  return moment.replace(/Z$/, "").slice(0, 16);
}

/** What was typed, in UTC: the months of the record are UTC's too. */
export function momentOf(typed: string): string {
  return typed ? `${typed}Z` : "";
}

const HOUR = 3_600_000;

export const SPANS: readonly (readonly [text: string, milliseconds: number])[] = [
  ["Last hour", HOUR],
  ["Last day", 24 * HOUR],
  ["Last 7 days", 7 * 24 * HOUR],
];

/** The moment so long ago, to the minute, in UTC. */
export function ago(now: number, milliseconds: number): string {
  return `${new Date(now - milliseconds).toISOString().slice(0, 16)}Z`;
}

/** The kind of an entry in words, with the status of an outcome: `Ended, 201`. */
export function kindText({ kind, status }: Pick<Entry, "kind" | "status">): string {
  return status === null ? KIND_WORDS[kind] : `${KIND_WORDS[kind]}, ${status}`;
}

/** Who did it. What the app does by itself has no caller. */
export function whoText({ who }: Pick<Entry, "who">): string {
  return who || "Freshcoat itself";
}

/** JSON over several lines; any other text as it is. */
export function pretty(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

const SHORT = 70;

/** A value in a table: what is longer is cut, of an id in Azure its end is shown; it is whole in the panel. */
export function short(text: string): string {
  if (text.startsWith("/subscriptions/") && !text.includes(" ")) return `… /${text.split("/").slice(-2).join("/")}`;
  return text.length > SHORT ? `${text.slice(0, SHORT)} …` : text;
}

/** The values of a column, each once, to choose from. */
export function valuesOf(entries: readonly Entry[] | undefined, name: "who" | "action"): string[] {
  return [...new Set((entries ?? []).map((entry) => entry[name]).filter(Boolean))].sort();
}

/** The current month and those before it, in UTC: `2026-11`. */
export function monthsBefore(now: number, count: number): string[] {
  const date = new Date(now);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth();
  return Array.from({ length: count }, (_, back) => {
    const month = months - back;
    return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
  });
}

/** Pages of CSV as one: the line of names stands once. */
export function joinCsv(pages: readonly string[]): string {
  return pages.map((page, index) => (index === 0 ? page : page.slice(page.indexOf("\n") + 1))).join("");
}

/** `Entries 2026-10 to 2026-11`. */
export function spanText(months: readonly string[]): string {
  const [newest, oldest] = [months[0], months.at(-1)];
  if (!newest || !oldest) return "no whole month";
  return newest === oldest ? newest : `${oldest} to ${newest}`;
}
