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
  join: { kind: "entra", intune: false },
  lost_hosts: [],
  accepting: 60,
  staged: null,
  new_hosts: null,
  last_rollout: null,
  next_window: null,
  policy_resolved: null,
  refresh: "off",
  freshness: null,
  unreadable_since: null,
  seen_at: null,
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
  next: null,
  expected_end: null,
  hosts: 60,
  failed: 0,
  sessions_open: 26,
} as Partial<Model<"RolloutBrief">> as Model<"RolloutBrief">;

/** A version that is active. */
export function aVersion(change: Partial<Model<"VersionView">> = {}): Model<"VersionView"> {
  return { ...VERSION, ...change };
}

/** A version that a pool can get. */
export function aPoolVersion(change: Partial<Model<"PoolVersionView">> = {}): Model<"PoolVersionView"> {
  return {
    image: "win11-office",
    version: "2.0.0",
    state: "active",
    current: false,
    selectable: true,
    why_not: null,
    as_downgrade: false,
    notes: "November patches",
    verdict: null,
    created_at: "2026-11-26T10:00:00Z",
    staged_at: null,
    activated_at: "2026-11-26T10:00:00Z",
    replicas: 2,
    ...change,
  };
}

/** A plan for 60 hosts with 71 people. */
export function aPlan(change: Partial<Model<"PlanView">> | object = {}): Model<"PlanView"> {
  return { ...PLAN, ...change };
}

const VERSION = {
  version: "2.0.0",
  state: "active",
  in_gallery: true,
  ready: true,
  replicas: { westeurope: 2 },
  notes: "November patches",
  verdict: null,
  created_at: "2026-11-26T10:00:00Z",
  staged_at: null,
  activated_at: "2026-11-26T10:00:00Z",
  used_by: [],
} as Partial<Model<"VersionView">> as Model<"VersionView">;

const PLAN = {
  pool: "office",
  image: "win11-office",
  version: "2.0.0",
  from_version: "1.0.0",
  schedule: {
    mode: "on_logoff",
    begin_at: "2099-11-30T12:00:00Z",
    force_at: "2099-12-07T00:00:00Z",
    time_zone: "Europe/Amsterdam",
    others_force_at: null,
  },
  policy: {
    canary_hosts: 1,
    canary_hold: "auto",
    warn_minutes: [60, 15, 5, 1],
    on_failure: "pause",
    max_failed: 3,
  } as Model<"PlanView">["policy"],
  can_start: true,
  id: "0123456789abcdef",
  preflight: [],
  hosts: [],
  ordered_by: null,
  to_update: 60,
  users_now: 71,
  users_at_force: 71,
  at_once: 15,
  bounds: [],
  proof: null,
  limited_by: [],
  limited_later_by: [],
  deadline: null,
  windows: null,
  expected_end: null,
  expected_end_bounds: null,
} as Partial<Model<"PlanView">> as Model<"PlanView">;
