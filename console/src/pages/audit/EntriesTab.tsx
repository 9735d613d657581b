import { Button, Link as TextButton } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { Answer, Live } from "../../api";
import { EmptyState } from "../../parts/EmptyState";
import type { Filters } from "../../parts/filters";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time, ZoneNote } from "../../parts/time";
import { FILTERS, kindText, short, whoText, type Entry } from "./audit";
import styles from "./audit.module.css";
import { EntryFilters } from "./EntryFilters";
import { EntryPanel } from "./EntryPanel";

interface Props {
  entries: Live<Answer<"/api/audit", "get">>;
  filters: Filters;
}

export function EntriesTab({ entries, filters }: Props): ReactNode {
  const rows = entries.data?.items;
  const opened = rows?.find(({ id }) => id === filters.get("entry"));
  const older = entries.data?.continuation;
  const page = filters.get("page");
  return (
    <>
      <EntryFilters filters={filters} entries={rows} />
      <DataTable
        label="Entries"
        columns={columns((id) => filters.set({ entry: id }))}
        rows={rows}
        keyOf={({ id }) => id}
        live={entries}
        empty={<Nothing filters={filters} more={Boolean(older)} />}
      />
      <div className={`fc-row ${styles.pages}`}>
        {page && <Button onClick={() => filters.set({ page: "" })}>Newest entries</Button>}
        <span className="fc-push">
          <ZoneNote />
        </span>
        {older && <Button onClick={() => filters.set({ page: older })}>Older entries</Button>}
      </div>
      {opened && <EntryPanel entry={opened} filters={filters} onClose={() => filters.set({ entry: "" })} />}
    </>
  );
}

/** Why no entry is shown, and what to do. */
function Nothing({ filters, more }: { filters: Filters; more: boolean }): ReactNode {
  if (more) return <EmptyState text="None is among the entries that were looked through. Older ones were not yet." />;
  if (!filters.any([...FILTERS, "page"])) return <EmptyState text="Nothing is recorded yet that you may see." />;
  return (
    <EmptyState text="No entry matches these filters.">
      <Button onClick={filters.clear}>Clear filters</Button>
    </EmptyState>
  );
}

function columns(onOpen: (id: string) => void): Column<Entry>[] {
  return [
    { id: "at", header: "Time", width: "112px", cell: ({ at }) => <Time at={at} /> },
    { id: "who", header: "Who", width: "14%", cell: whoText },
    {
      id: "what",
      header: "What",
      main: true,
      width: "16%",
      cell: (entry) => (
        <>
          <TextButton as="button" onClick={() => onOpen(entry.id)}>
            {entry.action}
            <span className="fc-sr"> of {entry.subject}</span>
          </TextButton>
          <br />
          <span className={`fc-muted fc-small ${styles.kind}`}>{kindText(entry)}</span>
        </>
      ),
    },
    { id: "subject", header: "Subject", cell: ({ subject }) => subject },
    { id: "from", header: "From", wideOnly: true, cell: ({ before }) => <Value text={before} /> },
    { id: "to", header: "To", wideOnly: true, cell: ({ after }) => <Value text={after} /> },
    { id: "detail", header: "Detail", width: "24%", wideOnly: true, cell: ({ detail }) => <Value text={detail} /> },
  ];
}

function Value({ text }: { text: string }): ReactNode {
  return text && <span className={styles.value}>{short(text)}</span>;
}
