import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { useFilters } from "./filters";

/** The way to older rows and back to the newest. The place is kept in the address, as `after`. */
export function Pager({ next }: { next: string | null | undefined }): ReactNode {
  const filters = useFilters();
  const after = filters.get("after");
  if (!next && !after) return null;
  return (
    <nav className="fc-row" aria-label="Pages">
      <Button disabledFocusable={!after} onClick={() => filters.set({ after: "" })}>
        Newest
      </Button>
      <Button disabledFocusable={!next} onClick={() => next && filters.set({ after: next })}>
        Older
      </Button>
    </nav>
  );
}
