import type { HostState, Model } from "../../../api";

/** The hosts of a rollout as the grid draws them. Pure. */
export interface GridHost {
  name: string;
  state: HostState;
  sessions: number;
  /** Since when it is in its state, in milliseconds since 1970. Null: it has not begun. */
  since: number | null;
  version: string | null;
  attempt: number;
  /** Whether it is one of the first hosts. */
  first: boolean;
}

export interface Grid {
  /** By name. Hosts that have not changed are the same objects as before. */
  hosts: readonly GridHost[];
  mark: string;
  asOf: string;
  counts: Readonly<Record<string, number>>;
}

export type GridAnswer = Model<"RolloutHostGrid">;

const SHORTENED = ["name", "state", "sessions", "state_since", "version", "attempt", "first"] as const;

/** A row of the answer as a host. The answer says which place is what. */
export function readRow(answer: GridAnswer, row: GridAnswer["items"][number]): GridHost {
  const [name, state, sessions, since, version, attempt, first] = SHORTENED.map(
    (field) => (row as readonly (string | number | null)[])[answer.fields.indexOf(field)] ?? null,
  );
  return {
    name: `${String(name)}${answer.suffix}`,
    state: answer.states[Number(state)] as HostState,
    sessions: Number(sessions),
    since: since === null ? null : Number(since) * 1000,
    version: version === null ? null : (answer.versions[Number(version)] ?? null),
    attempt: Number(attempt),
    first: Number(first) === 1,
  };
}

const byName = new Intl.Collator("en", { numeric: true });

/** The grid after an answer: all of it, or what has changed since `before`. Its hosts stay in their places. */
export function merged(before: Grid | null, answer: GridAnswer): Grid {
  const changed = answer.items.map((row) => readRow(answer, row));
  const common = { mark: answer.mark, asOf: answer.as_of, counts: answer.counts };
  if (answer.whole || !before) {
    return { ...common, hosts: changed.sort((one, other) => byName.compare(one.name, other.name)) };
  }
  if (changed.length === 0 && answer.removed.length === 0) return { ...common, hosts: before.hosts };
  const news = new Map(changed.map((host) => [host.name, host]));
  const gone = new Set(answer.removed);
  const kept = before.hosts.filter(({ name }) => !gone.has(name)).map((host) => taken(news, host));
  const added = [...news.values()];
  const hosts = added.length ? [...kept, ...added].sort((one, other) => byName.compare(one.name, other.name)) : kept;
  return { ...common, hosts };
}

/** The news about a host, which are then no longer new; or the host as it was. */
function taken(news: Map<string, GridHost>, host: GridHost): GridHost {
  const found = news.get(host.name);
  news.delete(host.name);
  return found ?? host;
}

/** What all names begin with, up to the last sign that is no letter or digit: `office-` of `office-0001`. */
export function commonStart(names: readonly string[]): string {
  const [first] = names;
  if (first === undefined || names.length < 2) return "";
  let length = first.length;
  for (const name of names) {
    while (length > 0 && !name.startsWith(first.slice(0, length))) length -= 1;
  }
  return /^(.*[^A-Za-z0-9])/.exec(first.slice(0, length))?.[1] ?? "";
}

export interface HostFilter {
  search: string;
  /** None: all. */
  states: ReadonlySet<HostState>;
}

export function chosenHosts(hosts: readonly GridHost[], { search, states }: HostFilter): readonly GridHost[] {
  const text = search.trim().toLowerCase();
  if (!text && states.size === 0) return hosts;
  return hosts.filter(
    ({ name, state }) => (states.size === 0 || states.has(state)) && (!text || name.toLowerCase().includes(text)),
  );
}

/** How close the tiles stand: with words, with icons only, or as rows that are drawn as they come into view. */
export type Density = "words" | "icons" | "rows";

export function densityOf(hosts: number): Density {
  if (hosts <= 200) return "words";
  return hosts <= 2_000 ? "icons" : "rows";
}
