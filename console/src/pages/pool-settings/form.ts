/** What the form of a pool holds, and the requests that it stands for. Pure. */

import type { Body, Model } from "../../api";
import { hostsText } from "../../parts/dialog";
import type { PolicyChange } from "../../parts/policy/fields";

export type Pool = Model<"PoolView">;

export type Registration = NonNullable<Body<"/api/pools/{pool}", "put">>;
export type Patch = NonNullable<Body<"/api/pools/{pool}", "patch">>;

export interface Form {
  name: string;
  account: string;
  host_pool_id: string;
  image: string;
  ring: Model<"Ring">;
  /** Empty: the account's. */
  time_zone: string;
  join: "entra" | "ad";
  intune: boolean;
  /** Join profile of the account. */
  profile: string;
  refresh: Model<"Refresh">;
  policy: PolicyChange;
}

export const EMPTY: Form = {
  name: "",
  account: "",
  host_pool_id: "",
  image: "",
  ring: "production",
  time_zone: "",
  join: "entra",
  intune: false,
  profile: "",
  refresh: "off",
  policy: {},
};

export function formOf(pool: Pool): Form {
  const { name, account, host_pool_id, image, ring, time_zone, join, refresh } = pool;
  const own = Object.fromEntries(Object.entries(pool.policy).filter(([, value]) => value !== null));
  return {
    name,
    account,
    host_pool_id,
    image,
    ring,
    time_zone,
    join: join.kind,
    intune: join.kind === "entra" && join.intune,
    profile: join.kind === "ad" ? join.profile : "",
    refresh,
    policy: own,
  };
}

function joinOf(form: Form): Registration["join"] {
  if (form.join === "entra") return { kind: "entra", intune: form.intune };
  return { kind: "ad", profile: form.profile };
}

export function toRegistration(form: Form): Registration {
  const { account, host_pool_id, image, ring, refresh, policy } = form;
  return {
    ...(account ? { account } : {}),
    host_pool_id: host_pool_id.trim(),
    image,
    ring,
    time_zone: form.time_zone || null,
    join: joinOf(form),
    refresh,
    policy,
  };
}

/** Only what differs. Fields of the policy that are no longer set become null: they get their default again. */
export function toPatch(before: Form, after: Form): Patch {
  const [old, now] = [toRegistration(before), toRegistration(after)];
  const changed = (Object.keys(now) as (keyof Registration)[]).filter(
    (name) => name !== "policy" && JSON.stringify(old[name]) !== JSON.stringify(now[name]),
  );
  const policy = policyPatch(before.policy, after.policy);
  return {
    ...Object.fromEntries(changed.map((name) => [name, now[name]])),
    ...(Object.keys(policy).length > 0 ? { policy } : {}),
  };
}

function policyPatch(before: PolicyChange, after: PolicyChange): Record<string, unknown> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof PolicyChange>;
  const changed = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name] ?? null]));
}

/** What has to be filled in first, or null. */
export function whatIsMissing(form: Form): string | null {
  if (!form.name) return "Give the pool a name.";
  if (!form.host_pool_id) return "Give the host pool’s resource id.";
  if (!form.image) return "Choose an image.";
  if (form.join === "ad" && !form.profile) return "Choose how hosts join the domain.";
  return null;
}

/** What the app has found in Azure, by name. */
export function foundIn(pool: Pool): [name: string, value: string][] {
  const versions = Object.entries(pool.hosts_per_version).map(([version, hosts]) => `${hosts} on ${version}`);
  return [
    ["Hosts", pool.hosts === null ? "Not known" : [hostsText(pool.hosts), ...versions].join(", ")],
    ["People on them now", String(pool.sessions ?? "Not known")],
    ["Image", pool.version ? `${pool.image} ${pool.version}` : `${pool.image}, no host has a version of it`],
    ["Account", pool.account],
    ["Time zone", pool.time_zone],
    ...(pool.problem ? [["Could not be read", pool.problem] as [string, string]] : []),
  ];
}
