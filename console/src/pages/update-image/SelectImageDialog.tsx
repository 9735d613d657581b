import { Button } from "@fluentui/react-components";
import { SearchBox } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { FormDialog } from "../../parts/dialog";
import { EmptyState } from "../../parts/EmptyState";
import { Pill, type Tone } from "../../parts/states";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import styles from "./update-image.module.css";
import { found, type Version, type Versions } from "./versions";

interface Props {
  versions: Versions;
  onSelect: (version: Version) => void;
  onClose: () => void;
}

/** Select new image: what the pool can get, and what it cannot, with the reason. */
export function SelectImageDialog({ versions, onSelect, onClose }: Props): ReactNode {
  const [search, setSearch] = useState("");
  const rows = versions.versions && found(versions.versions, search);
  const selectable = rows?.filter(({ whyNot }) => whyNot === null) ?? [];
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
        rowClass={({ whyNot }) => (whyNot ? styles.refused : undefined)}
        empty={<EmptyState text="No version matches." />}
      />
      {versions.unknown > 0 && (
        <p className="fc-muted fc-small">
          {versions.unknown} more {versions.unknown === 1 ? "is" : "are"} in the gallery only. Stage one on Global
          Images before a pool can get it.
        </p>
      )}
    </FormDialog>
  );
}

const STATES: Readonly<Record<string, readonly [string, Tone]>> = {
  active: ["Active", "ok"],
  staged: ["Staged", "warn"],
  "this pool": ["This pool", "plain"],
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
        one.whyNot ? (
          <span className="fc-small">{one.whyNot}</span>
        ) : (
          <Button size="small" appearance="primary" onClick={() => onSelect(one)}>
            Select<span className="fc-sr"> {`${one.image} ${one.version}`}</span>
          </Button>
        ),
    },
  ];
}

function State({ version }: { version: Version }): ReactNode {
  const [word, tone] = STATES[version.state ?? ""] ?? [version.state ?? "", "plain" as const];
  return (
    <span className="fc-row">
      <Pill tone={tone}>{word}</Pill>
      <span className="fc-small">
        {version.since && <Time at={version.since} />}
        {verdictText(version)}
      </span>
    </span>
  );
}

export function verdictText({ verdict, state }: Pick<Version, "verdict" | "state">): string {
  if (verdict) return `, test ${verdict}`;
  return state === "staged" ? ", not tested" : "";
}
