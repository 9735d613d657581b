import { PACES, useLive } from "../../api";
import { useTitleCount } from "../../parts/title";

/** How many rollouts wait for a person. Also puts the number into the tab's title. */
export function useNeedsYou(): number {
  const awaiting = useLive("/api/rollouts", { query: { state: "awaiting_approval", limit: 100 } }, PACES.overview);
  const paused = useLive("/api/rollouts", { query: { state: "paused", limit: 100 } }, PACES.overview);
  const number = (awaiting.data?.items.length ?? 0) + (paused.data?.items.length ?? 0);
  useTitleCount(number);
  return number;
}
