/** What the form of an image holds, and the requests that it stands for. Pure. */

import type { Body, Model } from "../../api";

export type Image = Model<"ImageView">;
type Registration = NonNullable<Body<"/api/images/{image}", "put">>;
type Patch = NonNullable<Body<"/api/images/{image}", "patch">>;

export interface Form {
  name: string;
  definition_id: string;
  template_vm_id: string;
  build_subnet_id: string;
  /** Whether every account may use it; else those in `accounts`. */
  everyone: boolean;
  accounts: readonly string[];
  /** As typed, so that the app says what is wrong with it. */
  backups: string;
  days: string;
  /** The version in use now. Empty: the newest. Only when it is registered. */
  active: string;
}

export const EMPTY: Form = {
  name: "",
  definition_id: "",
  template_vm_id: "",
  build_subnet_id: "",
  everyone: true,
  accounts: [],
  backups: "3",
  days: "30",
  active: "",
};

export function formOf(image: Image): Form {
  const { name, definition_id, template_vm_id, build_subnet_id, accounts, retention } = image;
  return {
    ...EMPTY,
    name,
    definition_id,
    template_vm_id,
    build_subnet_id,
    everyone: accounts === null,
    accounts: accounts ?? [],
    backups: String(retention.backups),
    days: String(retention.days),
  };
}

export function toRegistration(form: Form): Registration {
  const { definition_id, template_vm_id, build_subnet_id, everyone, accounts, backups, days, active } = form;
  return {
    definition_id,
    template_vm_id: template_vm_id || null,
    build_subnet_id: build_subnet_id || null,
    accounts: everyone ? null : [...accounts].sort(),
    retention: { backups: numberOf(backups), days: numberOf(days) },
    ...(active ? { active } : {}),
  };
}

/** A whole number; else the text as it is, and the app says what is wrong. */
function numberOf(text: string): number {
  const typed = text.trim();
  return /^\d+$/.test(typed) ? Number(typed) : (typed as unknown as number);
}

/** Only what differs. */
export function toPatch(before: Form, after: Form): Patch {
  const [old, now] = [toRegistration(before), toRegistration(after)];
  const changed = (Object.keys(now) as (keyof Registration)[]).filter(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]),
  );
  return Object.fromEntries(changed.map((name) => [name, now[name]])) as Patch;
}

/** What has to be filled in first, or null. */
export function whatIsMissing(form: Form): string | null {
  if (!form.definition_id) return "Give the image definition’s resource id.";
  if (!form.name) return "Give the image a name.";
  if (!form.everyone && form.accounts.length === 0) return "Choose the accounts that may use it.";
  return null;
}

/** What the app has found in Azure, by name. */
export function foundIn(image: Image): [name: string, value: string][] {
  const { gallery, template, current, retention } = image;
  return [
    ["Gallery", `${gallery.definition} in ${gallery.name}, resource group ${gallery.resource_group}`],
    ["Version in use", current ?? "None yet. Set as image makes the first one from the template VM."],
    ["Template VM", template ? templateText(template) : "None. Versions can only be taken from the gallery."],
    ["Accounts", image.accounts === null ? "All" : image.accounts.join(", ")],
    ["Kept to roll back to", `The last ${retention.backups}, and those of the last ${retention.days} days`],
    ...(image.problem ? [["Could not be read", image.problem] as [string, string]] : []),
  ];
}

function templateText({ name, vm_size, power }: NonNullable<Image["template"]>): string {
  return [name, vm_size, power].filter(Boolean).join(", ");
}
