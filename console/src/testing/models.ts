import type { Model } from "../api";

/** A pool of 60 hosts, all on its version. */
export function aPool(change: Partial<Model<"PoolView">> = {}): Model<"PoolView"> {
  return { ...POOL, ...change };
}

/** A rollout of 60 hosts that runs. */
export function aRollout(change: Partial<Model<"RolloutBrief">> = {}): Model<"RolloutBrief"> {
  return { ...ROLLOUT, ...change };
}

const POOL = {
  name: "office",
  account: "contoso",
  host_pool_id: "/subscriptions/1/resourceGroups/rg/providers/Microsoft.DesktopVirtualization/hostPools/hp-office",
  image: "win11-office",
  version: "1.0.0",
  previous_version: null,
  ring: "production",
  time_zone: "Europe/Amsterdam",
  hosts: 60,
  hosts_per_version: { "1.0.0": 60 },
  sessions: 71,
  policy: {} as Model<"PoolView">["policy"],
  problem: "",
  running_rollout: null,
} as Partial<Model<"PoolView">> as Model<"PoolView">;

const ROLLOUT = {
  id: "8204693463134-636d",
  kind: "update",
  pool: "office",
  image: "win11-office",
  version: "2.0.0",
  from_version: "1.0.0",
  state: "running",
  percent: 10,
  counts: { done: 6, pending: 54 },
  schedule: null,
  reason: "November patches",
  requested_by: "operator@contoso.com",
  created_at: "2026-11-30T10:00:00Z",
  started_at: "2026-11-30T10:00:00Z",
  ended_at: null,
  note: null,
} as Partial<Model<"RolloutBrief">> as Model<"RolloutBrief">;
