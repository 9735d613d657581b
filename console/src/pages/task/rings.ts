import type { Model } from "../../api";

export type Task = Model<"TaskView">;
type TaskPool = Model<"TaskPoolView">;

/** The pools of a task by ring, the first ring first. Pure. */
export function ringsOf(pools: readonly TaskPool[]): { ring: number; pools: readonly TaskPool[] }[] {
  const rings = [...new Set(pools.map(({ ring }) => ring))].sort((one, other) => one - other);
  return rings.map((ring) => ({ ring, pools: pools.filter((pool) => pool.ring === ring) }));
}

/** `Ring 1, approved by …`, `Ring 2, not begun`. */
export function ringText(ring: number, task: Pick<Task, "approvals" | "ring">): string {
  const approval = task.approvals.find((each) => each.ring === ring);
  if (approval) return `Ring ${ring}, approved by ${approval.by}`;
  return task.ring === null || ring > task.ring ? `Ring ${ring}, not begun` : `Ring ${ring}`;
}
