import { shortName } from "../../../parts/words";
import { type GridHost } from "./grid";

/** What was typed lately, to find a name by its letters. */
export interface Typed {
  text: string;
  at: number;
}

/** Letters that come later than this begin a new search. */
const TYPING_ENDS = 1_000;

/** To which place a key goes in the grid; null: the key is none of the grid's. */
export function stepOf(
  { key, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">,
  index: number,
  hosts: readonly GridHost[],
  columns: number,
  typed: Typed,
  now: number = Date.now(),
): number | null {
  if (ctrlKey || metaKey || altKey) return null;
  const last = hosts.length - 1;
  const moves: Readonly<Record<string, number>> = {
    ArrowRight: index + 1,
    ArrowLeft: index - 1,
    ArrowDown: index + columns,
    ArrowUp: index - columns,
    Home: 0,
    End: last,
  };
  const to = moves[key];
  if (to !== undefined) return to < 0 || to > last ? index : to;
  return /^[A-Za-z0-9-]$/.test(key) ? found(key, index, hosts, typed, now) : null;
}

/** The next host whose name, or its number, begins with what was typed. */
function found(key: string, index: number, hosts: readonly GridHost[], typed: Typed, now: number): number | null {
  typed.text = now - typed.at > TYPING_ENDS ? key : typed.text + key;
  typed.at = now;
  const text = typed.text.toLowerCase();
  const fits = ({ name }: GridHost): boolean => {
    const short = shortName(name).toLowerCase();
    return short.startsWith(text) || short.endsWith(text) || (/\d+$/.exec(short)?.[0] ?? "").startsWith(text);
  };
  const from = typed.text.length > 1 ? index : index + 1;
  const order = hosts.map((_, offset) => (from + offset) % hosts.length);
  return order.find((place) => fits(hosts[place] as GridHost)) ?? null;
}
