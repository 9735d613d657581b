import type { ReactNode } from "react";
import { Link } from "wouter";

import { PACES, useLive, type Model } from "../../api";
import { EmptyState } from "../../parts/EmptyState";
import { ProgressBar, RolloutPill } from "../../parts/states";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import type { Pool } from "./pool";

export function RolloutsTab({ pool }: { pool: Pool }): ReactNode {
  const rollouts = useLive("/api/rollouts", { query: { pool: pool.name, limit: 100 } }, PACES.lists);
  return (
    <DataTable
      label={`Rollouts of ${pool.name}`}
      columns={COLUMNS}
      rows={rollouts.data?.items}
      keyOf={({ id }) => id}
      live={rollouts}
      empty={<EmptyState text="Nothing was published to this pool yet." />}
    />
  );
}

const COLUMNS: readonly Column<Model<"RolloutBrief">>[] = [
  {
    id: "version",
    header: "To version",
    main: true,
    cell: ({ id, image, version }) => (
      <Link href={`/rollouts/${id}`}>
        {image} {version}
      </Link>
    ),
  },
  { id: "state", header: "State", cell: ({ state }) => <RolloutPill state={state} /> },
  {
    id: "progress",
    header: "Progress",
    cell: ({ percent, version, ended_at }) => (
      <div>
        {percent} %
        <ProgressBar percent={percent} label={`To ${version}`} moving={!ended_at} />
      </div>
    ),
  },
  { id: "asked", header: "Asked for", cell: ({ created_at }) => <Time at={created_at} /> },
  { id: "ended", header: "Ended", cell: ({ ended_at }) => ended_at && <Time at={ended_at} />, wideOnly: true },
  { id: "by", header: "By", cell: ({ requested_by }) => requested_by },
  { id: "reason", header: "Reason", cell: ({ reason }) => reason, wideOnly: true },
];
