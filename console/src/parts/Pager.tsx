import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { useFilters } from "./filters";

interface Props {
  next: string | null | undefined;
  /** What the ways back and on are called, where the list does not go by age. */
  words?: readonly [first: string, next: string];
}

/** The way to older rows and back to the newest. The place is kept in the address, as `after`. */
export function Pager({ next, words = ["Newest", "Older"] }: Props): ReactNode {
  const filters = useFilters();
  const after = filters.get("after");
  if (!next && !after) return null;
  return (
    <nav className="fc-row" aria-label="Pages">
      <Button disabledFocusable={!after} onClick={() => filters.set({ after: "" })}>
        {words[0]}
      </Button>
      <Button disabledFocusable={!next} onClick={() => next && filters.set({ after: next })}>
        {words[1]}
      </Button>
    </nav>
  );
}

/** For lists by name or number. */
export const PAGES_IN_ORDER = ["First page", "Next page"] as const;
