import { Button, SearchBox } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { FormDialog } from "../../parts/dialog";
import { EmptyState } from "../../parts/EmptyState";
import { Pill, type Tone } from "../../parts/states";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import styles from "./update-image.module.css";
import { found, sinceOf, useVersions, type Version } from "./versions";

interface Props {
  pool: string;
  onSelect: (version: Version) => void;
  onClose: () => void;
}

/** Select new image: what the pool can get, and what it cannot, with the reason. */
export function SelectImageDialog({ pool, onSelect, onClose }: Props): ReactNode {
  const [search, setSearch] = useState("");
  const versions = useVersions(pool, search);
  const rows = versions.versions && found(versions.versions, search);
  const selectable = rows?.filter((one) => one.selectable) ?? [];
  const only = selectable.length === 1 ? selectable[0] : undefined;
  return (
    <FormDialog title="Select new image" wide onClose={onClose} onSubmit={() => only && onSelect(only)}>
      <SearchBox
        className={styles.search}
        placeholder="Search by name, version or notes"
        aria-label="Search by name, version or notes"
        value={search}
        onChange={(_, { value }) => setSearch(value)}
      />
      <DataTable
        label="Versions"
        columns={columns(onSelect)}
        rows={rows}
        keyOf={({ image, version }) => `${image} ${version}`}
        live={versions}
        rowClass={({ selectable }) => (selectable ? undefined : styles.refused)}
        empty={<EmptyState text="No version matches." />}
      />
      {rows?.some(({ state }) => state === null) && (
        <p className="fc-muted fc-small">
          What is in the gallery only has to be staged on Global Images before a pool can get it.
        </p>
      )}
    </FormDialog>
  );
}

const STATES: Readonly<Record<string, readonly [string, Tone]>> = {
  active: ["Active", "ok"],
  staged: ["Staged", "warn"],
  backup: ["Backup", "plain"],
  replaced: ["Replaced", "plain"],
};

function columns(onSelect: (version: Version) => void): Column<Version>[] {
  return [
    { id: "image", header: "Image", main: true, width: "26%", cell: (one) => `${one.image} ${one.version}` },
    { id: "state", header: "State", width: "30%", cell: (one) => <State version={one} /> },
    { id: "notes", header: "Notes", cell: ({ notes }) => notes },
    {
      id: "select",
      header: "Select",
      width: "150px",
      bare: true,
      align: "end",
      cell: (one) =>
        !one.selectable ? (
          <span className="fc-small">{one.why_not?.text ?? "It cannot be chosen."}</span>
        ) : (
          <Button size="small" appearance="primary" onClick={() => onSelect(one)}>
            Select<span className="fc-sr"> {`${one.image} ${one.version}`}</span>
          </Button>
        ),
    },
  ];
}

function State({ version }: { version: Version }): ReactNode {
  const [word, tone] = looksOf(version);
  const since = sinceOf(version);
  return (
    <span className="fc-row">
      <Pill tone={tone}>{word}</Pill>
      <span className="fc-small">
        {since && <Time at={since} />}
        {verdictText(version)}
      </span>
    </span>
  );
}

function looksOf({ current, state }: Version): readonly [string, Tone] {
  if (current) return ["This pool", "plain"];
  return STATES[state ?? ""] ?? [state ?? "Gallery only", "plain"];
}

export function verdictText({ verdict, state }: Pick<Version, "verdict" | "state">): string {
  if (verdict) return `, test ${verdict.result}`;
  return state === "staged" ? ", not tested" : "";
}
