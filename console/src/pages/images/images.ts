import type { Model } from "../../api";

/** Words and rules of the pages of images. Pure. */
export type Image = Model<"ImageView">;
export type Version = Model<"VersionView">;

/** What is asked for in a dialog. */
export type Asked =
  | { what: "set-as-image" | "activate" | "roll-back" | "stage"; image: Image }
  | { what: "verdict" | "discard"; image: Image; version: string };

/** Whether its template VM runs: then it has to be switched off first. */
export function templateRuns({ power }: Pick<Image, "power">): boolean {
  return power !== "" && power !== "deallocated" && power !== "stopped";
}

/** `Set as image`, or with the template running: `Power off & set as image`. */
export function setAsImageText(image: Pick<Image, "power">): string {
  return templateRuns(image) ? "Power off & set as image" : "Set as image";
}

const POWERS: Readonly<Record<string, string>> = { running: "Running", deallocated: "Off", stopped: "Stopped" };

/** Of the template VM, in a word. */
export function powerText({ template_vm_id: id, power }: Pick<Image, "template_vm_id" | "power">): string {
  if (!id) return "None";
  if (!power) return "Not known";
  return POWERS[power] ?? power.charAt(0).toUpperCase() + power.slice(1);
}

export function verdictText(verdict: Image["verdict"]): string {
  return verdict ? `Test ${verdict.result}` : "Not tested";
}

export function accountsText({ accounts }: Pick<Image, "accounts">): string {
  return accounts === null ? "All" : accounts.join(", ") || "None";
}

const STATES: Readonly<Record<NonNullable<Version["state"]>, string>> = {
  capturing: "Being made",
  staged: "Staged",
  active: "Current",
  backup: "Backup",
  replaced: "Replaced",
  deleted: "Deleted",
  failed: "Failed",
  discarded: "Discarded",
};

export function versionStateText({ state }: Pick<Version, "state">): string {
  return state ? STATES[state] : "In the gallery only";
}

const GONE: ReadonlySet<string> = new Set(["deleted", "discarded", "failed"]);

/** The highest version first; those that are gone only when they are asked for. */
export function shownVersions(versions: readonly Version[], withGone: boolean): Version[] {
  const number = (text: string): number[] => text.split(".").map(Number);
  const higher = (one: Version, other: Version): number => {
    const [left, right] = [number(one.version), number(other.version)];
    const place = left.findIndex((part, index) => part !== right[index]);
    return place < 0 ? 0 : (right[place] ?? 0) - (left[place] ?? 0);
  };
  return versions.filter(({ state }) => withGone || !state || !GONE.has(state)).sort(higher);
}
