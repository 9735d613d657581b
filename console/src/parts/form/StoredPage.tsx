import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { Stored } from "../../api";
import { PageSkeleton } from "../PageSkeleton";
import { ProblemBar } from "../ProblemBar";

/** What is stored, once it has been read: the form that changes it. Before that a skeleton, or why it could not be read. */
export function StoredPage<T>({ of, children }: { of: Stored<T>; children: (stored: T) => ReactNode }): ReactNode {
  if (of.data) return children(of.data);
  if (!of.problem) return <PageSkeleton />;
  return <ProblemBar problem={of.problem} actions={<Button onClick={of.again}>Try again</Button>} />;
}
