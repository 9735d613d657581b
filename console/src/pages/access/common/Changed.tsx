import type { ReactNode } from "react";

import type { Column } from "../../../parts/table/DataTable";
import { Time } from "../../../parts/time";

/** Who changed it last, and when. */
export function Changed({ by, at }: { by: string; at: string }): ReactNode {
  return (
    <div>
      <Time at={at} />
      <br />
      <span className="fc-muted fc-small">by {by || "somebody unknown"}</span>
    </div>
  );
}

/** The column of that. */
export function changedColumn<R extends { changed_at: string; changed_by: string }>(): Column<R> {
  return {
    id: "changed",
    header: "Changed",
    width: "180px",
    wideOnly: true,
    value: ({ changed_at }) => changed_at,
    cell: ({ changed_at, changed_by }) => <Changed at={changed_at} by={changed_by} />,
  };
}
