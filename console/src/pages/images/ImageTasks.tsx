import type { ReactNode } from "react";
import { Link } from "wouter";

import { PACES, useLive } from "../../api";
import { placeOf } from "../../parts/links";
import { ProgressBar } from "../../parts/states";
import { taskText } from "../../parts/states/tasks";
import { Since } from "../../parts/time";
import styles from "./images.module.css";

/** What goes on with images now, or with one; nothing while nothing does. */
export function ImageTasks({ image }: { image?: string }): ReactNode {
  const query = { open: true, limit: 20, ...(image ? { image } : {}) };
  const tasks = useLive("/api/tasks", { query }, PACES.lists);
  const shown = tasks.data?.items.filter(({ kind }) => kind !== "rollout" && kind !== "refresh") ?? [];
  if (shown.length === 0) return null;
  return (
    <section className={`fc-card fc-section ${styles.tasks}`} aria-labelledby="image-tasks">
      <header>
        <h2 id="image-tasks">Global Images Tasks</h2>
        <Link className="fc-push fc-small" href="/tasks">
          All tasks
        </Link>
      </header>
      <ul>
        {shown.map((task) => (
          <li key={task.id}>
            <Link href={placeOf(task.href) ?? `/tasks/${task.id}`}>{taskText(task)}</Link>
            <ProgressBar percent={task.percent} label={taskText(task)} moving />
            <span className="fc-muted fc-small">
              {task.percent} %, for <Since at={task.created_at} />: {task.note?.text || task.step || "begun"}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
