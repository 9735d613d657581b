import { useState, type ReactNode } from "react";

import { useWrite } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { ActionsMenu } from "../../parts/ActionsMenu";
import { ConfirmDialog, type Effect, type Harm } from "../../parts/dialog";
import { InfoIcon, TakeBackIcon } from "../../parts/icons";
import { useTell } from "../../parts/toasts";
import type { Task } from "./rings";

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
  const waits = waitsForSomebody(task);
  const notMine = task.may_approve?.can === false ? task.may_approve.why : null;
  return (
    <>
      {waits && (
        <ActionButton appearance="primary" whyNot={mayNotApprove ?? notMine} onClick={() => setAsked("approve")}>
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

/** Whether a ring, or all of it, waits until somebody approves. */
export function waitsForSomebody({ awaiting_since: since, waits_for: waits }: Task): boolean {
  return since !== null || waits?.code === "ring_waits_for_approval";
}

function approveText({ awaiting_since: since, waits_for: waits }: Task): string {
  const ring = since ? null : (waits?.ring ?? null);
  return ring === null ? "Approve" : `Approve ring ${ring}`;
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
        ? await approve.send({ params, body: ringOf(task) })
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

/** The ring is named, so that no other one is approved by mistake. */
function ringOf({ awaiting_since: since, waits_for: waits }: Task): { ring?: number } {
  return since || waits?.ring == null ? {} : { ring: waits.ring };
}

function wordsOf(task: Task, asked: Asked): Words {
  const version = task.version ?? "this version";
  switch (asked) {
    case "approve":
      return {
        title: approveText(task) === "Approve" ? "Approve it?" : `${approveText(task)}?`,
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
