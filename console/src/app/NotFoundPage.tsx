import type { ReactNode } from "react";
import { Link } from "wouter";

import { PageHeader } from "../parts/PageHeader";

export function NotFoundPage(): ReactNode {
  return (
    <>
      <PageHeader title="There is no such page" />
      <p>
        The address may be mistyped, or from another version. <Link href="/pools">Go to VDI Pools</Link>
      </p>
    </>
  );
}
