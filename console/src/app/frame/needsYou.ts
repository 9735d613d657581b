import { PACES, useLive, type RolloutState } from "../../api";
import { useTitleCount } from "../../parts/title";

const WAITING: RolloutState[] = ["awaiting_approval", "paused"];

/** How many rollouts wait for a person. Also puts the number into the tab's title. */
export function useNeedsYou(): number {
  const query = { state: WAITING, limit: 100 };
  const rollouts = useLive("/api/rollouts", { query }, PACES.overview);
  const number = rollouts.data?.items.length ?? 0;
  useTitleCount(number);
  return number;
}
