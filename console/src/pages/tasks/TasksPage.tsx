import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link } from "wouter";

import { PACES, useLive, type Answer, type Asked, type Live } from "../../api";
import { Choice } from "../../parts/Choice";
import { EmptyState } from "../../parts/EmptyState";
import { useFilters, type Filters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { placeOf } from "../../parts/links";
import { PageHeader } from "../../parts/PageHeader";
import { Pager } from "../../parts/Pager";
import { TASK_KINDS } from "../../parts/states/tasks";
import { DataTable } from "../../parts/table/DataTable";
import { Tabs } from "../../parts/Tabs";
import { Time } from "../../parts/time";
import { COLUMNS } from "./columns";

const PAGE = 50;

type Tab = "needs-you" | "running" | "ended";

/** What goes on, what has ended, and what waits for somebody. */
export default function TasksPage(): ReactNode {
  const filters = useFilters();
  const overview = useLive("/api/overview", {}, PACES.overview);
  const needsYou = overview.data?.needs_you.length ?? 0;
  const tab = (filters.get("tab") || "running") as Tab;
  const tasks = useTasks(filters, tab);
  const live = tab === "needs-you" ? overview : tasks;
  return (
    <>
      <PageHeader title="Tasks" beside={<LiveMark live={live} />} />
      <LostBar live={live} />
      <Tabs
        label="Which tasks"
        chosen={tab}
        onChoose={(chosen) => filters.set({ tab: chosen === "running" ? "" : chosen, after: "" })}
        tabs={[
          { id: "needs-you", text: `Needs you ${needsYou}` },
          { id: "running", text: "Open" },
          { id: "ended", text: "Ended" },
        ]}
      >
        {tab === "needs-you" ? <NeedsYou overview={overview} /> : <TaskList filters={filters} tasks={tasks} />}
      </Tabs>
    </>
  );
}

function useTasks(filters: Filters, tab: Tab): Live<TasksAnswer> {
  const kind = filters.get("kind") as TasksQuery["kind"] | "";
  const query: TasksQuery = {
    limit: PAGE,
    open: tab !== "ended",
    ...(kind ? { kind } : {}),
    ...(filters.get("image") ? { image: filters.get("image") } : {}),
    ...(filters.get("after") ? { continuation: filters.get("after") } : {}),
  };
  return useLive("/api/tasks", { query }, { ...PACES.lists, keepPrevious: true });
}

type TasksAnswer = Answer<"/api/tasks", "get">;
type TasksQuery = NonNullable<Asked<"/api/tasks", "get">["query"]>;

function TaskList({ filters, tasks }: { filters: Filters; tasks: Live<TasksAnswer> }): ReactNode {
  const filtered = filters.any(["kind", "image", "after"]);
  return (
    <>
      <div className="fc-bar" role="search">
        <Choice
          label="Kind"
          value={filters.get("kind")}
          choices={[["", "all"], ...TASK_KINDS]}
          onChange={(kind) => filters.set({ kind, after: "" })}
        />
      </div>
      <DataTable
        label="Tasks"
        columns={COLUMNS}
        rows={tasks.data?.items}
        keyOf={({ id }) => id}
        live={tasks}
        empty={
          filtered ? (
            <EmptyState text="No task matches.">
              <Button onClick={() => filters.set({ kind: "", image: "", after: "" })}>Clear filters</Button>
            </EmptyState>
          ) : (
            <EmptyState text="Nothing here. Updates of pools and work on images appear here by themselves." />
          )
        }
      />
      <Pager next={tasks.data?.continuation} />
    </>
  );
}

function NeedsYou({ overview }: { overview: Live<Answer<"/api/overview", "get">> }): ReactNode {
  return (
    <DataTable
      label="What needs you"
      rows={overview.data?.needs_you}
      keyOf={({ href, kind }) => `${kind} ${href}`}
      live={overview}
      empty={<EmptyState text="Nothing waits for you." />}
      columns={[
        {
          id: "text",
          header: "What",
          main: true,
          cell: ({ text, href }) => {
            const place = placeOf(href);
            return place ? <Link href={place}>{text}</Link> : text;
          },
        },
        { id: "since", header: "Since", width: "180px", cell: ({ since }) => since && <Time at={since} form="both" /> },
      ]}
    />
  );
}
