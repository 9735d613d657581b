/** What an account has, and what its form sends. Pure. */

import type { Model } from "../../api";

export type Account = Model<"AccountView">;

/** The form: everything is text until it is sent. */
export interface Form {
  title: string;
  time_zone: string;
  /** One id in each line. */
  scopes: string;
  identity_client_id: string;
}

export const EMPTY: Form = { title: "", time_zone: "UTC", scopes: "", identity_client_id: "" };

export function formOf(account: Account): Form {
  const { title, time_zone, scopes, identity_client_id } = account;
  return { title, time_zone, scopes: scopes.join("\n"), identity_client_id };
}

export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** Only what was changed: a field that is not named stays as it is. */
export function toRequest(changes: Partial<Form>): Model<"AccountRegistration"> {
  const { scopes, title, identity_client_id, ...others } = changes;
  return {
    ...others,
    ...(title === undefined ? {} : { title: title.trim() }),
    ...(scopes === undefined ? {} : { scopes: linesOf(scopes) }),
    ...(identity_client_id === undefined ? {} : { identity_client_id: identity_client_id.trim() }),
  };
}

/** The last parts of a scope: `Contoso-Prod / rg-avd`. */
export function scopeText(scope: string): string {
  const parts = scope.split("/").filter(Boolean);
  const [subscription, group] = [parts[1], parts[3]];
  return group ? `${group} in ${subscription}` : `subscription ${subscription ?? scope}`;
}
