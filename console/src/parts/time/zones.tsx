import { createContext, useContext, type ReactNode } from "react";

import { useChoices } from "../choices";
import { myZone } from "./format";

const PoolZone = createContext<string | null>(null);

/** On pages of a pool or a rollout: times below are shown in the pool's zone. */
export function InZone({ zone, children }: { zone: string; children: ReactNode }): ReactNode {
  return <PoolZone value={zone}>{children}</PoolZone>;
}

export interface Zones {
  /** The zone in which times are shown here. */
  shown: string;
  mine: string;
  /** The pool's, on its pages. */
  pool: string | null;
}

export function useZones(): Zones {
  const pool = useContext(PoolZone);
  const { zone } = useChoices();
  const mine = myZone();
  const shown = zone === "utc" ? "UTC" : zone === "mine" ? mine : (pool ?? mine);
  return { shown, mine, pool };
}
