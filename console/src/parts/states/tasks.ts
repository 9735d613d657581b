import type { Model } from "../../api";

/** Tasks in words. Pure. */
export type TaskBrief = Model<"TaskBrief">;

const KINDS: Readonly<Record<TaskBrief["kind"], string>> = {
  set_as_image: "Set as image",
  stage: "Stage",
  verdict: "Record verdict",
  activate: "Activate",
  roll_back: "Roll back",
  discard: "Discard",
  update_pools: "Update pools",
  remove: "Remove",
  rollout: "Rollout",
  refresh: "Refresh",
};

/** Kinds that a list can be filtered for. */
export const TASK_KINDS = Object.entries(KINDS) as readonly (readonly [TaskBrief["kind"], string])[];

export function kindText(kind: TaskBrief["kind"]): string {
  return (KINDS as Readonly<Record<string, string>>)[kind] ?? kind.replaceAll("_", " ");
}

/** `Set as image: win11-office 2.0.0`, `Rollout: office to 2.0.0`. */
export function taskText({
  kind,
  image,
  pool,
  version,
}: Pick<TaskBrief, "kind" | "image" | "pool" | "version">): string {
  const what = pool
    ? version && kind !== "refresh"
      ? `${pool} to ${version}`
      : pool
    : [image, version].filter(Boolean).join(" ");
  return what ? `${kindText(kind)}: ${what}` : kindText(kind);
}
