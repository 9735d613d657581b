import type { ReactNode } from "react";

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
