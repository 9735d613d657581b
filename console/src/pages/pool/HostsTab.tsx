import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { PACES, useLive, type Model } from "../../api";
import { EmptyState } from "../../parts/EmptyState";
import type { Filters } from "../../parts/filters";
import { portalOf } from "../../parts/links";
import { Pager, PAGES_IN_ORDER } from "../../parts/Pager";
import { SearchBox } from "../../parts/SearchBox";
import { HostStateText } from "../../parts/states";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { shortName } from "../../parts/words";
import { serviceText, type Pool } from "./pool";

type Host = Model<"PoolHostView">;

/** Hosts of one page. */
const MOST = 500;

export function HostsTab({ pool, filters }: { pool: Pool; filters: Filters }): ReactNode {
  const [search, after] = [filters.get("host"), filters.get("after")];
  const query = {
    limit: MOST,
    ...(search ? { search } : {}),
    ...(after ? { continuation: after } : {}),
  };
  const hosts = useLive(
    "/api/pools/{pool}/hosts",
    { path: { pool: pool.name }, query },
    { ...PACES.pools, isQuiet: () => !pool.running_rollout, keepPrevious: true },
  );
  const next = hosts.data?.continuation;
  return (
    <>
      <div className="fc-bar">
        <SearchBox
          label="Find a host"
          value={search}
          onSearch={(text) => filters.set({ host: text.trim(), after: "" })}
        />
      </div>
      <DataTable
        label={`Hosts of ${pool.name}`}
        columns={next || after ? UNSORTED : COLUMNS}
        rows={hosts.data?.items}
        keyOf={({ host }) => host}
        live={hosts}
        empty={
          search ? (
            <EmptyState text="No host matches.">
              <Button onClick={() => filters.set({ host: "", after: "" })}>Clear the search</Button>
            </EmptyState>
          ) : (
            <EmptyState text="The host pool has no session hosts." />
          )
        }
      />
      <Pager next={next} words={PAGES_IN_ORDER} />
    </>
  );
}

const COLUMNS: readonly Column<Host>[] = [
  { id: "host", header: "Host", main: true, value: ({ host }) => host, cell: ({ host }) => shortName(host) },
  { id: "version", header: "Version", value: ({ version }) => version, cell: (host) => versionText(host) },
  {
    id: "people",
    header: "People",
    width: "84px",
    value: ({ sessions }) => sessions,
    cell: ({ sessions }) => sessions,
  },
  { id: "service", header: "Service", value: serviceText, cell: serviceText },
  { id: "power", header: "Power", value: ({ power }) => power, cell: ({ power }) => power, wideOnly: true },
  {
    id: "state",
    header: "Rollout",
    width: "26%",
    value: ({ state }) => state,
    cell: ({ state, reason }) => (
      <div>
        {state && <HostStateText state={state} />}
        {reason && <div className="fc-muted fc-small">{reason.text}</div>}
      </div>
    ),
  },
  {
    id: "azure",
    header: "Azure",
    width: "84px",
    bare: true,
    cell: ({ vm_id, host }) =>
      vm_id && (
        <a href={portalOf(vm_id)} target="_blank" rel="noreferrer">
          Azure<span className="fc-sr">, the VM of {host}</span>
        </a>
      ),
  },
];

/** Hosts of several pages are listed by name: the order of one of them would say nothing. */
const UNSORTED: readonly Column<Host>[] = COLUMNS.map((column) => ({ ...column, value: undefined }));

function versionText({ version, target }: Host): string {
  const known = version ?? "not known";
  return target && target !== version ? `${known}, gets ${target}` : known;
}
