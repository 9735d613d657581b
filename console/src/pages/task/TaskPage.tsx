import { Button, MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link, useParams } from "wouter";

import { PACES, useLive, type Live } from "../../api";
import { CopyButton } from "../../parts/CopyButton";
import { KeyValue } from "../../parts/KeyValue";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { PageSkeleton } from "../../parts/PageSkeleton";
import { ProblemBar } from "../../parts/ProblemBar";
import { ProgressBar, RolloutPill } from "../../parts/states";
import { taskText } from "../../parts/states/tasks";
import { Since, Time } from "../../parts/time";
import { durationText } from "../../parts/time/format";
import { Pools } from "./Pools";
import type { Task } from "./rings";
import styles from "./task.module.css";
import { TaskCommands, waitsForSomebody } from "./TaskCommands";

/** One task: its steps, the pools it updates ring by ring, what it waits for, what it has left over. */
export default function TaskPage(): ReactNode {
  const { task: id } = useParams<{ task: string }>();
  const live = useLive(
    "/api/tasks/{task}",
    { path: { task: id } },
    { ...PACES.rollout, isQuiet: ({ ended_at }) => (ended_at ? "ended" : false) },
  );
  if (live.data) return <Shown task={live.data} live={live} />;
  if (!live.error) return <PageSkeleton />;
  return (
    <>
      <PageHeader title="Task" crumbs={[["Tasks", "/tasks"]]} />
      <ProblemBar problem={live.error} actions={<Button onClick={live.refresh}>Try again</Button>} />
    </>
  );
}

function Shown({ task, live }: { task: Task; live: Live<Task> }): ReactNode {
  const title = taskText(task);
  const by = task.requested_by ? `Asked for by ${task.requested_by}` : "";
  const why = task.reason ? `“${task.reason}”` : "";
  return (
    <>
      <PageHeader
        title={title}
        tab={`${title}, ${task.percent} %`}
        crumbs={[["Tasks", "/tasks"]]}
        beside={
          <>
            <RolloutPill state={task.state} />
            <LiveMark live={live} ended={task.ended_at !== null} />
          </>
        }
        line={[by, why].filter(Boolean).join(": ")}
        actions={<TaskCommands task={task} />}
      />
      <LostBar live={live} />
      <Waits task={task} />
      <LeftOver ids={task.left_over} />
      <section className="fc-card fc-section" aria-label="Progress">
        <p className={styles.percent}>{task.percent} % of the work</p>
        <ProgressBar percent={task.percent} label={title} moving={task.ended_at === null} />
        <KeyValue of={factsOf(task)} />
      </section>
      <Steps task={task} />
      {task.pools.length > 0 && <Pools task={task} />}
    </>
  );
}

function factsOf(task: Task): [string, ReactNode][] {
  const facts: [string, ReactNode][] = [["Begun", <Time key="begun" at={task.created_at} form="both" />]];
  if (task.ended_at) facts.push(["Ended", <Time key="ended" at={task.ended_at} form="both" />]);
  if (task.image)
    facts.push([
      "Image",
      <Link key="image" href={`/images/${task.image}`}>
        {task.image}
      </Link>,
    ]);
  if (task.from_version) facts.push(["Version before", task.from_version]);
  if (task.note && task.note.text !== task.waits_for?.text)
    facts.push([task.ended_at ? "Result" : "Now", task.note.text]);
  return facts;
}

/** A ring that runs is what goes on: nobody waits. */
function titleOf(task: Task): string {
  if (waitsForSomebody(task)) return "It waits for somebody.";
  return task.waits_for?.code === "ring_running" ? "It runs." : "It waits.";
}

function Waits({ task }: { task: Task }): ReactNode {
  const waits = task.waits_for;
  if (!waits || task.ended_at) return null;
  return (
    <MessageBar intent={waitsForSomebody(task) ? "warning" : "info"} layout="multiline" className="fc-message">
      <MessageBarBody>
        <MessageBarTitle>{titleOf(task)}</MessageBarTitle> {waits.text}{" "}
        {waits.at && (
          <>
            (<Time at={waits.at} form="both" />)
          </>
        )}
      </MessageBarBody>
    </MessageBar>
  );
}

/** What could not be removed from Azure, to be removed by hand. */
function LeftOver({ ids }: { ids: readonly string[] }): ReactNode {
  if (ids.length === 0) return null;
  return (
    <MessageBar intent="warning" layout="multiline" className="fc-message">
      <MessageBarBody>
        <MessageBarTitle>Something was left over in Azure.</MessageBarTitle> It costs money. Remove it by hand.
        <ul>
          {ids.map((id) => (
            <li key={id} className="fc-mono fc-anywhere">
              {id} <CopyButton text={id} what="id" />
            </li>
          ))}
        </ul>
      </MessageBarBody>
    </MessageBar>
  );
}

function Steps({ task }: { task: Task }): ReactNode {
  if (task.steps.length === 0) return null;
  return (
    <section className="fc-card fc-section" aria-labelledby="steps">
      <h2 id="steps">Steps</h2>
      <ol className={styles.steps}>
        {task.steps.map((step) => (
          <li key={`${step.name} ${step.begun_at}`}>
            <span>{step.name.replaceAll("_", " ")}</span>
            <span className="fc-muted">
              {step.ended_at ? durationText(Date.parse(step.ended_at) - Date.parse(step.begun_at)) : null}
              {!step.ended_at && !task.ended_at && <Since at={step.begun_at} />}
            </span>
            {step.detail && <span className="fc-muted fc-small fc-anywhere">{step.detail}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
