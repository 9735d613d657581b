import type { Harm } from "../../../parts/dialog";

/** The harm of moving a deadline from one local time to another of the same zone. Local times are compared as texts, since
 * the browser never turns them into UTC. Pure. */
export function harmOfMove(was: string, local: string, people: number): Harm {
  return local < was && people > 0 ? "now" : "reversible";
}
