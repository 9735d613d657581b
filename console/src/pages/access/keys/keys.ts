/** App keys of programs. Pure. */

import type { Model } from "../../../api";

export type Key = Model<"KeyView">;
export type NewKey = Model<"NewKeyView">;
type KeyRole = Model<"KeyRequest">["role"];

export const ROLES: readonly (readonly [KeyRole, string])[] = [
  ["reader", "Reader: sees pools, images, rollouts and tasks"],
  ["operator", "Operator: also begins and steers rollouts"],
  ["agent", "Agent: reports log-offs, nothing else"],
];

export type KeyState = "valid" | "expired" | "revoked";

export function stateOf({ revoked_at, expires_at }: Pick<Key, "revoked_at" | "expires_at">, now: number): KeyState {
  if (revoked_at) return "revoked";
  return Date.parse(expires_at) <= now ? "expired" : "valid";
}

export const MOST_DAYS = 365;

/** Why this key cannot be made: null when it can. */
export function whyNoKey(name: string, accounts: readonly string[], days: number): string | null {
  if (!name) return "Give it a name first.";
  if (accounts.length === 0) return "Choose at least one account.";
  return Number.isInteger(days) && days >= 1 && days <= MOST_DAYS ? null : `A key lives 1 to ${MOST_DAYS} days.`;
}
