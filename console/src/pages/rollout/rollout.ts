import type { Model, RolloutState } from "../../api";
import { hostsText, peopleText } from "../../parts/dialog";
import { durationText } from "../../parts/time/format";
import { versionsText } from "../../parts/words";

/** Words and rules of the rollout page. Pure. */
export type Rollout = Model<"RolloutView">;
export type Command = keyof Model<"RolloutCommands">;

const ENDED: ReadonlySet<RolloutState> = new Set(["succeeded", "failed", "cancelled", "rolled_back"]);
const MOVING: ReadonlySet<RolloutState> = new Set(["running", "rolling_back", "cancelling"]);

export function hasEnded({ state }: Pick<Rollout, "state">): boolean {
  return ENDED.has(state);
}

export function isMoving({ state }: Pick<Rollout, "state">): boolean {
  return MOVING.has(state);
}

/** How rarely it may be asked for. */
export function isQuiet(rollout: Rollout): boolean | "ended" {
  return hasEnded(rollout) ? "ended" : !isMoving(rollout);
}

/** `office to 2.0.0`. */
export function titleOf({ kind, pool, version }: Pick<Rollout, "kind" | "pool" | "version">): string {
  if (kind === "refresh") return `Refresh of ${pool}`;
  return kind === "roll_back" ? `${pool} back to ${version}` : `${pool} to ${version}`;
}

const MODES = { now: "now", at: "at a time", on_logoff: "on log off" } as const;

/** `win11-office 1.0.0 to 2.0.0, on log off. Asked for by …: “November patches”.` */
export function lineOf(rollout: Rollout): string {
  const { image, from_version: before, version, schedule, requested_by: who, reason } = rollout;
  const what = before && before !== version ? `${image} ${before} to ${version}` : `${image} ${version}`;
  const how = schedule ? `, ${MODES[schedule.mode]}` : "";
  const by = who ? ` Asked for by ${who}` : "";
  return `${what}${how}.${by}${reason ? `${by ? "" : " Reason"}: “${reason}”` : ""}${by || reason ? "." : ""}`;
}

/** How it ended, in one line. Empty while it goes on. */
export function endText(rollout: Rollout): string {
  if (!hasEnded(rollout) || !rollout.ended_at) return "";
  const took = durationText(Date.parse(rollout.ended_at) - Date.parse(rollout.started_at ?? rollout.created_at));
  const people = `${peopleText(rollout.sessions_signed_out)} ${rollout.sessions_signed_out === 1 ? "was" : "were"}`;
  const one = Object.keys(rollout.versions).length === 1;
  const where = one ? `All ${hostsText(rollout.hosts)} are on ${Object.keys(rollout.versions)[0]}` : "Mixed";
  const hosts = one ? where : `${where}: ${versionsText(rollout.versions)}`;
  return rollout.hosts === 0 ? `No host was changed. ${took}.` : `${hosts}. ${people} signed out. ${took}.`;
}

export interface Attention {
  tone: "warning" | "error" | "info";
  title: string;
  text: string;
}

/** What needs somebody, or what to know first. Null: nothing. */
export function attentionOf(rollout: Rollout): Attention | null {
  const note = rollout.note?.text ?? "";
  const failed = rollout.counts["failed"] ?? 0;
  switch (rollout.state) {
    case "awaiting_approval":
      return { tone: "warning", title: "It waits for somebody to approve it.", text: note || rollout.next?.text || "" };
    case "paused":
      return { tone: "warning", title: "It is paused.", text: note };
    case "cancelling":
      return { tone: "info", title: "It is being stopped.", text: note || "Hosts in work are finished." };
    case "rolling_back":
      return { tone: "info", title: `It goes back to ${rollout.from_version ?? "the version before"}.`, text: note };
    case "succeeded":
      return { tone: "info", title: "It is done.", text: endText(rollout) };
    case "failed":
      return { tone: "error", title: "It has failed.", text: [endText(rollout), note].filter(Boolean).join(" ") };
    case "cancelled":
    case "rolled_back":
      return { tone: "info", title: "It has ended.", text: [endText(rollout), note].filter(Boolean).join(" ") };
    default:
      return failed > 0
        ? { tone: "error", title: `${hostsText(failed)} failed.`, text: failureText(rollout) }
        : noted(note);
  }
}

function noted(note: string): Attention | null {
  return note ? { tone: "info", title: "", text: note } : null;
}

/** What failures mean for it: `It goes on; it pauses when more than 3 hosts fail.` */
function failureText({ policy, state, failures_allowed }: Rollout): string {
  if (state !== "running") return "";
  const verb = policy.on_failure === "roll_back" ? "rolls back" : "pauses";
  if (policy.on_failure === "continue") return "It goes on.";
  return `It goes on; it ${verb} when more than ${hostsText(failures_allowed)} ${failures_allowed === 1 ? "fails" : "fail"}.`;
}

/** `31 of 60 hosts are done; 11 are in work.` */
export function workText({
  counts,
  hosts,
  at_once_now: at,
}: Pick<Rollout, "counts" | "hosts" | "at_once_now">): string {
  const count = (...states: string[]): number => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const inWork = count("signing_out", "reimaging", "joining", "verifying");
  const done = `${count("done")} of ${hostsText(hosts)} done`;
  if (inWork === 0) return done;
  return at === null ? `${done}, ${inWork} in work` : `${done}, ${inWork} in work, at most ${at} at once`;
}
