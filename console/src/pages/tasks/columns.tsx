import type { ReactNode } from "react";
import { Link } from "wouter";

import { placeOf } from "../../parts/links";
import { ProgressBar, RolloutPill } from "../../parts/states";
import { taskText, type TaskBrief } from "../../parts/states/tasks";
import type { Column } from "../../parts/table/DataTable";
import { Since, Time } from "../../parts/time";
import { durationText } from "../../parts/time/format";

/** The columns of the list of tasks. */
export const COLUMNS: readonly Column<TaskBrief>[] = [
  {
    id: "what",
    header: "What",
    main: true,
    value: taskText,
    cell: (task) => <Link href={placeOf(task.href) ?? `/tasks/${task.id}`}>{taskText(task)}</Link>,
  },
  { id: "state", header: "State", width: "28%", value: ({ state }) => state, cell: (task) => <State task={task} /> },
  { id: "by", header: "By", value: (each) => each.requested_by, cell: (each) => each.requested_by, wideOnly: true },
  {
    id: "begun",
    header: "Begun",
    width: "130px",
    value: ({ created_at }) => created_at,
    cell: ({ created_at }) => <Time at={created_at} />,
  },
  {
    id: "took",
    header: "Took",
    width: "110px",
    cell: ({ created_at: begun, ended_at: ended }) =>
      ended ? durationText(Date.parse(ended) - Date.parse(begun)) : <Since at={begun} />,
  },
];

function State({ task }: { task: TaskBrief }): ReactNode {
  return (
    <div>
      <RolloutPill state={task.state} />
      {!task.ended_at && <ProgressBar percent={task.percent} label={taskText(task)} moving />}
      {(task.note || task.step) && <div className="fc-muted fc-small">{task.note?.text || task.step}</div>}
    </div>
  );
}
