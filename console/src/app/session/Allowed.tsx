import type { ReactNode } from "react";

import type { Need } from "../../api";
import { useWhyNot } from "./session";

/**
 * Gives the reason why the person may not do something, or null. What they may not do is shown disabled with that
 * reason, not hidden: `<Allowed need="publish">{(whyNot) => <ActionButton whyNot={whyNot}>Publish</ActionButton>}</Allowed>`.
 */
export function Allowed({ need, children }: { need: Need; children: (whyNot: string | null) => ReactNode }): ReactNode {
  return children(useWhyNot(need));
}
