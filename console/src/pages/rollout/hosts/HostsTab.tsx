import { Button } from "@fluentui/react-components";
import { useMemo, useState, type ReactNode } from "react";

import type { HostState } from "../../../api";
import { EmptyState } from "../../../parts/EmptyState";
import { useFilters } from "../../../parts/filters";
import { ProblemBar } from "../../../parts/ProblemBar";
import { SearchBox } from "../../../parts/SearchBox";
import { shortName } from "../../../parts/words";
import type { Rollout } from "../rollout";
import styles from "../rollout.module.css";
import { chosenHosts, commonStart, densityOf } from "./grid";
import { HostGrid } from "./HostGrid";
import { HostPanel } from "./HostPanel";
import { HostTable } from "./HostTable";
import { Latest } from "./Latest";
import type { useHosts } from "./useHosts";

interface Props {
  rollout: Rollout;
  hosts: ReturnType<typeof useHosts>;
  states: ReadonlySet<HostState>;
  onStates: (states: ReadonlySet<HostState>) => void;
}

const NEEDS_ATTENTION: ReadonlySet<HostState> = new Set(["failed"]);

/** Every host, as tiles that never move or as a table; beside them the chosen host, and what has happened lately. */
export function HostsTab({ rollout, hosts: { grid, error }, states, onStates }: Props): ReactNode {
  const filters = useFilters();
  const [search, setSearch] = useState("");
  const all = grid?.hosts;
  const shown = useMemo(() => all && chosenHosts(all, { search, states }), [all, search, states]);
  const start = useMemo(() => commonStart(all?.map(({ name }) => shortName(name)) ?? []), [all]);
  const chosen = filters.get("host");
  const choose = (host: string): void => filters.set({ host: host === chosen ? "" : host });
  const asTable = filters.get("view") === "table";
  if (!shown) return error ? <ProblemBar problem={error} /> : <p className="fc-muted">Reading the hosts …</p>;
  return (
    <div className={styles.split}>
      <div className={styles.hosts}>
        <HostsBar
          search={search}
          onSearch={setSearch}
          failed={rollout.counts["failed"] ?? 0}
          states={states}
          onStates={onStates}
          asTable={asTable}
          onTable={(table) => filters.set({ view: table ? "table" : "" })}
        />
        {shown.length === 0 ? (
          <NoHosts any={(all?.length ?? 0) > 0} onClear={() => (setSearch(""), onStates(new Set()))} />
        ) : asTable ? (
          <HostTable hosts={shown} chosen={chosen} onChoose={choose} />
        ) : (
          <HostGrid
            hosts={shown}
            density={densityOf(all?.length ?? 0)}
            start={start}
            chosen={chosen}
            onChoose={choose}
          />
        )}
      </div>
      <aside className={styles.side} aria-label="Details">
        {chosen && <HostPanel rollout={rollout} host={chosen} onClose={() => choose(chosen)} />}
        <Latest rollout={rollout} />
      </aside>
    </div>
  );
}

function NoHosts({ any, onClear }: { any: boolean; onClear: () => void }): ReactNode {
  return any ? (
    <EmptyState text="No host matches.">
      <Button onClick={onClear}>Clear filters</Button>
    </EmptyState>
  ) : (
    <EmptyState text="No host is part of it yet. Its hosts are read when it begins." />
  );
}

interface BarProps {
  search: string;
  onSearch: (text: string) => void;
  failed: number;
  states: ReadonlySet<HostState>;
  onStates: (states: ReadonlySet<HostState>) => void;
  asTable: boolean;
  onTable: (table: boolean) => void;
}

function HostsBar({ search, onSearch, failed, states, onStates, asTable, onTable }: BarProps): ReactNode {
  const onlyFailed = states.size === 1 && states.has("failed");
  return (
    <div className="fc-bar" role="search">
      <SearchBox label="Find a host" value={search} onSearch={onSearch} />
      {(failed > 0 || onlyFailed) && (
        <Button aria-pressed={onlyFailed} onClick={() => onStates(onlyFailed ? new Set() : NEEDS_ATTENTION)}>
          {`Needs attention ${failed}`}
        </Button>
      )}
      <div className={`fc-push ${styles.views}`} role="group" aria-label="View">
        <Button size="small" aria-pressed={!asTable} onClick={() => onTable(false)}>
          Grid
        </Button>
        <Button size="small" aria-pressed={asTable} onClick={() => onTable(true)}>
          Table
        </Button>
      </div>
    </div>
  );
}
