/** How much harm a request can do, and what is asked before it is sent. Pure. */

/** `none`: done at once. `reversible`: can be taken back. `later`: people may be signed out later. `now`: people are
 * signed out now, or sooner than they can be warned. `gone`: something is removed for good. */
export type Harm = "none" | "reversible" | "later" | "now" | "gone";

export interface Consequences {
  /** People on the hosts now. */
  peopleNow: number;
  /** People who are signed out at the deadline if nobody logs off before. */
  peopleAtForce: number;
  /** When people are signed out, in milliseconds since 1970. */
  forceAt: number;
  now: number;
  /** Minutes before the deadline at which people are told, the longest first. */
  warnMinutes: readonly number[];
}

/** The harm of an update or of a deadline that is moved. */
export function harmOf({ peopleNow, peopleAtForce, forceAt, now, warnMinutes }: Consequences): Harm {
  if (Math.max(peopleNow, peopleAtForce) === 0) return "reversible";
  if (peopleAtForce === 0) return "later";
  const longest = Math.max(0, ...warnMinutes) * 60_000;
  return forceAt - now <= longest ? "now" : "later";
}

/** Whether a name has to be typed. */
export function asksForName(harm: Harm): boolean {
  return harm === "now" || harm === "gone";
}

/** `1 person`, `71 people`. */
export function peopleText(count: number): string {
  return count === 1 ? "1 person" : `${count} people`;
}

/** `1 host`, `60 hosts`. */
export function hostsText(count: number): string {
  return count === 1 ? "1 host" : `${count} hosts`;
}
