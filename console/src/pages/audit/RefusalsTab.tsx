import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { PACES, serverNow, useLive, type Model } from "../../api";
import { Choice } from "../../parts/Choice";
import { EmptyState } from "../../parts/EmptyState";
import type { Filters } from "../../parts/filters";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import { monthsBefore } from "./audit";
import styles from "./audit.module.css";

type Refusal = Model<"RefusalView">;

const MONTHS = 13;

/** Writes that were refused, counted by caller, route and status within an hour. */
export function RefusalsTab({ filters }: { filters: Filters }): ReactNode {
  const [month, after] = [filters.get("month"), filters.get("after")];
  const query = { limit: 200, ...(month ? { month } : {}), ...(after ? { continuation: after } : {}) };
  const refusals = useLive("/api/audit/refusals", { query }, { ...PACES.settings, keepPrevious: true });
  const older = refusals.data?.continuation;
  return (
    <>
      <div className={`fc-bar ${styles.pages}`}>
        <Choice
          label="Month"
          value={month}
          choices={[["", "this one"], ...monthsBefore(serverNow(), MONTHS).map((each) => [each, each] as const)]}
          onChange={(value) => filters.set({ month: value, after: "" })}
        />
      </div>
      <DataTable
        label="Refused writes"
        columns={COLUMNS}
        rows={refusals.data?.items}
        keyOf={(row) => [row.hour, row.caller, row.who, row.route, row.status, row.first_at].join(" ")}
        live={refusals}
        empty={<EmptyState text="No write was refused in this month, or not all accounts are yours." />}
      />
      <div className={`fc-row ${styles.pages}`}>
        {after && <Button onClick={() => filters.set({ after: "" })}>Newest</Button>}
        {older && <Button onClick={() => filters.set({ after: older })}>Older</Button>}
      </div>
    </>
  );
}

const COLUMNS: Column<Refusal>[] = [
  { id: "hour", header: "Hour of", width: "128px", value: ({ hour }) => hour, cell: ({ hour }) => <Time at={hour} /> },
  {
    id: "who",
    header: "Who",
    value: ({ who }) => who,
    cell: ({ who, address }) => (
      <div>
        {who || "Nobody who could be named"}
        <br />
        <span className="fc-muted fc-small">{address}</span>
      </div>
    ),
  },
  { id: "route", header: "Route", main: true, value: ({ route }) => route, cell: ({ route }) => route },
  { id: "status", header: "Status", width: "88px", value: ({ status }) => status, cell: ({ status }) => status },
  {
    id: "count",
    header: "Times",
    width: "88px",
    align: "end",
    value: ({ count }) => count,
    cell: ({ count }) => count,
  },
  {
    id: "last",
    header: "Last",
    width: "128px",
    value: ({ last_at }) => last_at,
    cell: ({ last_at }) => <Time at={last_at} />,
  },
];
