/** Grants: the accounts of people and programs. Pure. */

import type { Model } from "../../../api";

export type Grant = Model<"GrantView">;

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Tenant and object as the app names a person or a program; null while one of them is no id. */
export function principalOf(tenant: string, object: string): string | null {
  const ids = [tenant, object].map((id) => id.trim().toLowerCase());
  return ids.every((id) => GUID.test(id)) ? ids.join(".") : null;
}

/** What is typed to confirm: the name, or the id of somebody without one. */
export function nameOf({ name, principal }: Pick<Grant, "name" | "principal">): string {
  return name || principal;
}

/** Why this grant cannot be given: null when it can. */
export function whyNoGrant(
  principal: string | null,
  accounts: readonly string[],
  grants: readonly Grant[],
): string | null {
  if (principal === null) return "Tenant and object are ids like 11111111-2222-4333-8444-555555555555.";
  if (grants.some((grant) => grant.principal === principal)) return "There is a grant for this id. Edit that one.";
  return accounts.length === 0 ? "Choose at least one account." : null;
}
