import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";

import { PACES, useLive, type Model } from "../../../api";

type Pool = Model<"PoolView">;

/** The pools, by name, for what names something. */
export function usePools(): readonly Pool[] | undefined {
  return useLive("/api/pools", { query: { live: false, limit: 200 } }, PACES.settings).data?.items;
}

/** The pools that name it. */
export function UsedBy({ pools }: { pools: readonly Pick<Pool, "name">[] | undefined }): ReactNode {
  if (!pools) return null;
  if (pools.length === 0) return <span className="fc-muted">No pool</span>;
  return (
    <span>
      {pools.map(({ name }, index) => (
        <Fragment key={name}>
          {index > 0 && ", "}
          <Link href={`/pools/${name}`}>{name}</Link>
        </Fragment>
      ))}
    </span>
  );
}
