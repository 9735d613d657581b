import { useState, type ReactNode } from "react";

import { useWrite } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { ActionsMenu } from "../../parts/ActionsMenu";
import { ConfirmDialog, type Effect, type Harm } from "../../parts/dialog";
import { InfoIcon, TakeBackIcon } from "../../parts/icons";
import { useTell } from "../../parts/toasts";
import type { Task } from "./TaskPage";

type Asked = "approve" | "leave" | "roll_back";

interface Words {
  title: string;
  verb: string;
  harm: Harm;
  effects: readonly Effect[];
  done: string;
}

/** Approve what waits, or cancel. */
export function TaskCommands({ task }: { task: Task }): ReactNode {
  const [asked, setAsked] = useState<Asked | null>(null);
  const mayNotApprove = useWhyNot("approve");
  const mayNotSteer = useWhyNot("steer");
  if (task.ended_at) return null;
  const waits = task.awaiting_since !== null || task.waits_for?.code === "waits_for_approval";
  return (
    <>
      {waits && (
        <ActionButton appearance="primary" whyNot={mayNotApprove} onClick={() => setAsked("approve")}>
          {approveText(task)}
        </ActionButton>
      )}
      <ActionsMenu
        of="the task"
        text="Cancel"
        actions={[
          { text: "Stop here", whyNot: mayNotSteer, onClick: () => setAsked("leave") },
          ...(task.pools.length > 0
            ? [{ text: "Take its pools back", whyNot: mayNotSteer, onClick: () => setAsked("roll_back") }]
            : []),
        ]}
      />
      {asked && <Confirm task={task} asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function nextRing(task: Task): number {
  return task.ring === null ? Math.min(...task.pools.map(({ ring }) => ring), 0) : task.ring + 1;
}

function approveText(task: Task): string {
  return task.awaiting_since || task.pools.length === 0 ? "Approve" : `Approve ring ${nextRing(task)}`;
}

function Confirm({ task, asked, onClose }: { task: Task; asked: Asked; onClose: () => void }): ReactNode {
  const approve = useWrite("post", "/api/tasks/{task}/approve");
  const cancel = useWrite("post", "/api/tasks/{task}/cancel");
  const tell = useTell();
  const words = wordsOf(task, asked);
  const writing = asked === "approve" ? approve : cancel;
  const send = async (): Promise<void> => {
    const params = { path: { task: task.id } };
    const answer =
      asked === "approve"
        ? await approve.send({ params, body: task.awaiting_since ? {} : { ring: nextRing(task) } })
        : await cancel.send({ params, body: { how: asked } });
    if (!answer) return;
    tell(words.done);
    onClose();
  };
  return (
    <ConfirmDialog
      {...words}
      name={task.image || task.id}
      busy={writing.busy}
      problem={writing.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}

function wordsOf(task: Task, asked: Asked): Words {
  const version = task.version ?? "this version";
  switch (asked) {
    case "approve":
      return {
        title: task.awaiting_since ? "Approve it?" : `Approve ring ${nextRing(task)}?`,
        verb: approveText(task),
        harm: "reversible",
        effects: [{ icon: InfoIcon, text: `The pools that wait get ${version}, by the schedule that was asked for.` }],
        done: "Approved",
      };
    case "leave":
      return {
        title: "Stop the task here?",
        verb: "Stop the task",
        harm: "reversible",
        effects: [{ icon: InfoIcon, text: "What has begun is finished. Nothing more is started." }],
        done: "Stopping",
      };
    case "roll_back":
      return {
        title: "Take its pools back?",
        verb: "Take its pools back",
        harm: "gone",
        effects: [
          { icon: TakeBackIcon, text: "Pools that were updated go back to the version before.", bad: true },
          { icon: InfoIcon, text: "People on updated hosts are signed out as the policy says." },
        ],
        done: "Going back",
      };
  }
}
