import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link } from "wouter";

import { PACES, useLive, type Model } from "../../api";
import { Choice } from "../../parts/Choice";
import { EmptyState } from "../../parts/EmptyState";
import { useFilters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { Pager } from "../../parts/Pager";
import { ProgressBar, RolloutPill } from "../../parts/states";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";

type Rollout = Model<"RolloutBrief">;

const PAGE = 50;
const FILTERS = ["open", "pool"] as const;
const MOVING: ReadonlySet<string> = new Set(["running", "rolling_back", "cancelling"]);

/** Every rollout, the newest first. */
export default function RolloutsPage(): ReactNode {
  const filters = useFilters();
  const open = filters.get("open");
  const query = {
    limit: PAGE,
    ...(open ? { open: open === "true" } : {}),
    ...(filters.get("pool") ? { pool: filters.get("pool") } : {}),
    ...(filters.get("after") ? { continuation: filters.get("after") } : {}),
  };
  const rollouts = useLive("/api/rollouts", { query }, { ...PACES.lists, keepPrevious: true });
  const pool = filters.get("pool");
  return (
    <>
      <PageHeader
        title={pool ? `Rollouts of ${pool}` : "Rollouts"}
        crumbs={[["VDI Pools", "/pools"], ...(pool ? [[pool, `/pools/${pool}`] as const] : [])]}
        beside={<LiveMark live={rollouts} />}
      />
      <LostBar live={rollouts} />
      <div className="fc-bar" role="search">
        <Choice
          label="State"
          value={open}
          choices={[
            ["", "all"],
            ["true", "open"],
            ["false", "ended"],
          ]}
          onChange={(value) => filters.set({ open: value, after: "" })}
        />
        {pool && <Button onClick={() => filters.set({ pool: "", after: "" })}>Of all pools</Button>}
      </div>
      <DataTable
        label="Rollouts"
        columns={COLUMNS}
        rows={rollouts.data?.items}
        keyOf={({ id }) => id}
        live={rollouts}
        empty={
          filters.any(FILTERS) ? (
            <EmptyState text="No rollout matches.">
              <Button onClick={filters.clear}>Clear filters</Button>
            </EmptyState>
          ) : (
            <EmptyState text="Nothing was published yet. Choose Update Image on a pool." />
          )
        }
      />
      <Pager next={rollouts.data?.continuation} />
    </>
  );
}

const COLUMNS: readonly Column<Rollout>[] = [
  {
    id: "what",
    header: "Rollout",
    main: true,
    value: ({ pool }) => pool,
    cell: ({ id, kind, pool, version }) => (
      <Link href={`/rollouts/${id}`}>{kind === "refresh" ? `Refresh of ${pool}` : `${pool} to ${version}`}</Link>
    ),
  },
  {
    id: "state",
    header: "State",
    width: "24%",
    value: ({ state }) => state,
    cell: (rollout) => <State rollout={rollout} />,
  },
  { id: "hosts", header: "Hosts", width: "90px", cell: (rollout) => hostsOf(rollout) },
  { id: "by", header: "By", value: (each) => each.requested_by, cell: (each) => each.requested_by, wideOnly: true },
  {
    id: "begun",
    header: "Asked for",
    width: "130px",
    value: ({ created_at }) => created_at,
    cell: ({ created_at }) => <Time at={created_at} />,
  },
  {
    id: "ended",
    header: "Ended",
    width: "130px",
    value: ({ ended_at }) => ended_at,
    cell: ({ ended_at }) => (ended_at ? <Time at={ended_at} /> : "open"),
  },
];

function hostsOf({ hosts, failed }: Rollout): string {
  return failed ? `${hosts}, ${failed} failed` : String(hosts);
}

function State({ rollout }: { rollout: Rollout }): ReactNode {
  const label = `${rollout.pool} to ${rollout.version}`;
  return (
    <div>
      <RolloutPill state={rollout.state} />
      {!rollout.ended_at && <ProgressBar percent={rollout.percent} label={label} moving={MOVING.has(rollout.state)} />}
      {rollout.note && <div className="fc-muted fc-small">{rollout.note.text}</div>}
    </div>
  );
}
