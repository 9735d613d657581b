import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { EmptyState } from "../../../parts/EmptyState";
import { HostStateText } from "../../../parts/states";
import { HOST_STATE_ORDER } from "../../../parts/states/hosts";
import { DataTable, type Column } from "../../../parts/table/DataTable";
import { Since } from "../../../parts/time";
import { shortName } from "../../../parts/words";
import styles from "../rollout.module.css";
import { type GridHost } from "./grid";

interface Props {
  hosts: readonly GridHost[];
  chosen: string;
  onChoose: (host: string) => void;
}

/** The hosts as a table that can be sorted. */
export function HostTable({ hosts, chosen, onChoose }: Props): ReactNode {
  const columns: Column<GridHost>[] = [
    {
      id: "name",
      header: "Host",
      main: true,
      value: ({ name }) => name,
      cell: ({ name }) => (
        <Button
          appearance="transparent"
          className={styles.link}
          aria-pressed={name === chosen}
          onClick={() => onChoose(name)}
        >
          {shortName(name)}
        </Button>
      ),
    },
    {
      id: "state",
      header: "State",
      width: "30%",
      value: ({ state }) => HOST_STATE_ORDER.indexOf(state),
      cell: ({ state }) => <HostStateText state={state} />,
    },
    {
      id: "since",
      header: "For",
      value: ({ since }) => since ?? undefined,
      cell: ({ since }) => (since === null ? "" : <Since at={new Date(since).toISOString()} />),
    },
    { id: "people", header: "People", value: ({ sessions }) => sessions, cell: ({ sessions }) => sessions },
    {
      id: "version",
      header: "Version",
      value: ({ version }) => version,
      cell: ({ version }) => version ?? "not known",
    },
    { id: "attempt", header: "Attempt", value: ({ attempt }) => attempt, cell: ({ attempt }) => attempt || "" },
  ];
  return (
    <DataTable
      label="Hosts"
      columns={columns}
      rows={hosts}
      keyOf={({ name }) => name}
      empty={<EmptyState text="No host matches." />}
    />
  );
}
