import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { PACES, useLive, type Model } from "../../api";
import { EmptyState } from "../../parts/EmptyState";
import { matches, type Filters } from "../../parts/filters";
import { portalOf } from "../../parts/links";
import { SearchBox } from "../../parts/SearchBox";
import { HostStateText } from "../../parts/states";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { shortName } from "../../parts/words";
import { serviceText, type Pool } from "./pool";

type Host = Model<"PoolHostView">;

export function HostsTab({ pool, filters }: { pool: Pool; filters: Filters }): ReactNode {
  const page = { path: { pool: pool.name }, query: { limit: 500 } };
  const hosts = useLive("/api/pools/{pool}/hosts", page, { ...PACES.pools, isQuiet: () => !pool.running_rollout });
  const search = filters.get("host");
  const rows = hosts.data?.items.filter((host) => matches(search, host.host, host.version, host.status));
  return (
    <>
      <div className="fc-bar">
        <SearchBox label="Find a host" value={search} onSearch={(text) => filters.set({ host: text })} />
      </div>
      <DataTable
        label={`Hosts of ${pool.name}`}
        columns={COLUMNS}
        rows={rows}
        keyOf={({ host }) => host}
        live={hosts}
        empty={
          search ? (
            <EmptyState text="No host matches.">
              <Button onClick={() => filters.set({ host: "" })}>Clear the search</Button>
            </EmptyState>
          ) : (
            <EmptyState text="The host pool has no session hosts." />
          )
        }
      />
      {hosts.data?.continuation && <p className="fc-muted fc-small">These are the first 500 hosts.</p>}
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

function versionText({ version, target }: Host): string {
  const known = version ?? "not known";
  return target && target !== version ? `${known}, gets ${target}` : known;
}
