import { PACES, useLive } from "../../api";
import { useTitleCount } from "../../parts/title";

/** How many rollouts, tasks and promotions wait for the person. Also puts the number into the tab's title. */
export function useNeedsYou(): number {
  const overview = useLive("/api/overview", {}, PACES.overview);
  const number = overview.data?.needs_you.length ?? 0;
  useTitleCount(number);
  return number;
}
