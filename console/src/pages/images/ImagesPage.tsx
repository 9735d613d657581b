import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";

import { PACES, useLive } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { EmptyState } from "../../parts/EmptyState";
import { useFilters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { Pager } from "../../parts/Pager";
import { placeOf } from "../../parts/links";
import { SearchBox } from "../../parts/SearchBox";
import { ProgressBar } from "../../parts/states";
import { kindText } from "../../parts/states/tasks";
import { actionsColumn } from "../../parts/table/columns";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import { useImageActions } from "./actions";
import { ImageDialog } from "./dialogs/ImageDialog";
import { accountsText, powerText, verdictText, type Asked, type Image } from "./images";
import { ImageTasks } from "./ImageTasks";

/** Global Images: every image with its current and its staged version, and what goes on. */
export default function ImagesPage(): ReactNode {
  const filters = useFilters();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [, navigate] = useLocation();
  const configure = useWhyNot("configure");
  const actionsOf = useImageActions(setAsked);
  const search = filters.get("search");
  const query = {
    limit: 50,
    ...(search ? { search } : {}),
    ...(filters.get("after") ? { continuation: filters.get("after") } : {}),
  };
  const images = useLive("/api/images", { query }, { ...PACES.lists, keepPrevious: true });
  const register = (
    <ActionButton appearance="primary" whyNot={configure} onClick={() => navigate("/images/new")}>
      Register image
    </ActionButton>
  );
  return (
    <>
      <PageHeader title="Global Images" beside={<LiveMark live={images} />} actions={register} />
      <LostBar live={images} />
      <div className="fc-bar" role="search">
        <SearchBox label="Search images" value={search} onSearch={(text) => filters.set({ search: text, after: "" })} />
      </div>
      <DataTable
        label="Global Images"
        columns={[...COLUMNS, actionsColumn(({ name }) => name, actionsOf)]}
        rows={images.data?.items}
        keyOf={({ name }) => name}
        live={images}
        empty={
          search ? (
            <EmptyState text="No image matches.">
              <Button onClick={filters.clear}>Clear the search</Button>
            </EmptyState>
          ) : (
            <EmptyState text="No image yet. An image is a gallery definition and the VM it is built from.">
              {register}
            </EmptyState>
          )
        }
      />
      <Pager next={images.data?.continuation} />
      <ImageTasks />
      {asked && <ImageDialog asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

const COLUMNS: readonly Column<Image>[] = [
  {
    id: "name",
    header: "Image",
    main: true,
    value: ({ name }) => name,
    cell: ({ name }) => <Link href={`/images/${name}`}>{name}</Link>,
  },
  {
    id: "current",
    header: "Current version",
    value: ({ current }) => current,
    cell: ({ current, advice }) => (
      <div>
        {current ?? "None"}
        {advice && <div className="fc-small fc-muted">{advice.text}</div>}
      </div>
    ),
  },
  {
    id: "staged",
    header: "Staged",
    value: ({ staged }) => staged,
    cell: ({ staged, verdict }) =>
      staged ? (
        <div>
          {staged}
          <div className="fc-small fc-muted">{verdictText(verdict)}</div>
        </div>
      ) : (
        "None"
      ),
  },
  { id: "template", header: "Template VM", width: "110px", value: powerText, cell: powerText },
  { id: "accounts", header: "Accounts", value: accountsText, cell: accountsText, wideOnly: true },
  { id: "task", header: "Last task", width: "24%", cell: ({ last_task: task }) => task && <LastTask task={task} /> },
];

function LastTask({ task }: { task: NonNullable<Image["last_task"]> }): ReactNode {
  const place = placeOf(task.href);
  const words = task.version ? `${kindText(task.kind)} ${task.version}` : kindText(task.kind);
  return (
    <div>
      {place ? <Link href={place}>{words}</Link> : words}
      {task.ended_at ? (
        <div className="fc-small fc-muted">
          {task.state}, <Time at={task.ended_at} form="relative" />
        </div>
      ) : (
        <ProgressBar percent={task.percent} label={words} moving />
      )}
    </div>
  );
}
