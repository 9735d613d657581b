import { PACES, useLive, type Answer, type Live } from "../../../api";
import { isQuiet, type Rollout } from "../rollout";

const EVENTS = "/api/rollouts/{rollout}/events";

export interface EventsAsked {
  limit: number;
  host?: string;
  continuation?: string;
}

/** The history of a rollout, newest first; asked for as often as the rollout itself moves. */
export function useEvents(rollout: Rollout, query: EventsAsked): Live<Answer<typeof EVENTS, "get">> {
  return useLive(
    EVENTS,
    { path: { rollout: rollout.id }, query },
    { ...PACES.lists, isQuiet: () => isQuiet(rollout), keepPrevious: true },
  );
}
