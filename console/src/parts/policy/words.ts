/** The fields of a policy in words. Pure. */

import type { Model } from "../../api";
import { windowText, type Window } from "./windows";

type Policy = Model<"Policy">;

export const POLICY_NAMES: readonly (readonly [keyof Policy & keyof Model<"PolicyOverrides">, string])[] = [
  ["canary_hosts", "Hosts that go first"],
  ["canary_hold", "After them"],
  ["bake_minutes", "Minutes they are watched"],
  ["probe", "Probe that checks them"],
  ["max_unavailable", "At most rebuilt at once"],
  ["min_available", "At least accepting people"],
  ["max_in_flight", "Never more at once than"],
  ["max_failed", "Hosts that may fail"],
  ["on_failure", "When more fail"],
  ["retries", "Further attempts of a host"],
  ["keep_failed", "Failed VMs that keep running"],
  ["warn_minutes", "People are warned before"],
  ["warn_message", "What they are told"],
  ["windows", "Maintenance windows"],
  ["strategy", "How a host gets the image"],
  ["proof", "One host proves it first"],
  ["after_force", "After the deadline"],
  ["strict_deadline", "Everybody is signed out at the deadline"],
  ["settle_seconds", "Seconds until a drained host is checked"],
  ["poll_seconds", "Seconds between two looks at the pool"],
  ["keep_old_disk_days", "Days that old disks are kept"],
];

const WORDS: Readonly<Record<string, string>> = {
  auto: "Automatic",
  approve: "Somebody approves",
  pause: "Pause",
  roll_back: "Roll back",
  continue: "Go on",
  reimage: "Re-image",
  replace: "Replace",
  first_host: "Always",
  none: "None",
  one: "One",
  all: "All",
  waves: "In batches",
};

/** A value of a policy, in words. */
export function policyValue(value: unknown, name?: keyof Policy): string {
  if (value === null || value === undefined) return name === "probe" ? "None" : "Not limited";
  if (Array.isArray(value)) return value.length > 0 ? value.map(partText).join(", ") : "None";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return WORDS[String(value)] ?? String(value);
}

function partText(part: unknown): string {
  if (typeof part === "number") return `${part} min`;
  return typeof part === "object" && part !== null ? windowText(part as Window) : String(part);
}
