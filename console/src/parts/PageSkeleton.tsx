import { Skeleton, SkeletonItem } from "@fluentui/react-components";
import type { ReactNode } from "react";

/** Stands for a page whose code or first data is on its way. */
export function PageSkeleton(): ReactNode {
  return (
    <Skeleton aria-label="Loading" className="fc-stack">
      <SkeletonItem size={32} />
      {[1, 2, 3, 4, 5, 6].map((row) => (
        <SkeletonItem key={row} size={40} />
      ))}
    </Skeleton>
  );
}
