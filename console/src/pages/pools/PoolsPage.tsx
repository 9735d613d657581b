import { Button, Switch } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

import { PACES, useLive, type Answer } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { Choice } from "../../parts/Choice";
import { EmptyState } from "../../parts/EmptyState";
import { useFilters, type Filters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { Pager, PAGES_IN_ORDER } from "../../parts/Pager";
import { SearchBox } from "../../parts/SearchBox";
import { DataTable } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import { AttentionBar } from "./AttentionBar";
import { poolColumns } from "./columns";
import { FirstSteps } from "./FirstSteps";
import { isFirstVisit } from "./firstSteps";
import { attentionOf, FILTERS, oldestLook, queryOf, RINGS, withChosen } from "./pools";
import styles from "./pools.module.css";

/** VDI Pools: every pool with its image, people, rollout and what comes next. From the last looks: no read of Azure. */
export default function PoolsPage(): ReactNode {
  const filters = useFilters();
  const query = queryOf(filters);
  const pools = useLive("/api/pools", { query }, { ...PACES.pools, isQuiet, keepPrevious: true });
  const [, navigate] = useLocation();
  const publish = useWhyNot("publish");
  const configure = useWhyNot("configure");
  const rows = pools.data?.items;
  const filtered = filters.any([...FILTERS, "after"]);
  const first = rows && !filtered && isFirstVisit(rows);
  const none = first && rows.length === 0;
  const register = (
    <ActionButton appearance="primary" whyNot={configure} onClick={() => navigate("/pools/new")}>
      Register pool
    </ActionButton>
  );
  return (
    <>
      <PageHeader title="VDI Pools" beside={<LiveMark live={pools} />} actions={none ? null : register} />
      <LostBar live={pools} />
      {first && <FirstSteps pools={rows} />}
      {!none && (
        <>
          <AttentionBar items={attentionOf(rows ?? [])} />
          <PoolFilters filters={filters} />
          <DataTable
            label="VDI Pools"
            columns={poolColumns({ publish, configure }, navigate)}
            rows={rows}
            keyOf={(pool) => pool.name}
            live={pools}
            sort={{ column: query.sort, order: query.order }}
            onSort={({ column, order }) => filters.set({ sort: column, order, after: "" })}
            empty={
              <EmptyState text="No pool matches.">
                <Button onClick={filters.clear}>Clear filters</Button>
              </EmptyState>
            }
          />
          <Pager next={pools.data?.continuation} words={PAGES_IN_ORDER} />
          <Below pools={pools.data} />
        </>
      )}
    </>
  );
}

type Pools = Answer<"/api/pools", "get">;

function isQuiet(data: Pools): boolean {
  return data.items.every((pool) => !pool.running_rollout);
}

/** How old the numbers are. */
function Below({ pools }: { pools: Pools | undefined }): ReactNode {
  const seen = oldestLook(pools?.items ?? []);
  return (
    <p className={`${styles.below} fc-muted fc-small`}>
      {seen && (
        <>
          Numbers of <Time at={seen} form="relative" />
        </>
      )}
    </p>
  );
}

function PoolFilters({ filters }: { filters: Filters }): ReactNode {
  const accounts = useLive("/api/accounts", { query: { limit: 500 } }, PACES.settings);
  const images = useLive("/api/images", { query: { limit: 50 } }, PACES.settings);
  const choice = (name: (typeof FILTERS)[number], label: string, values: readonly string[]): ReactNode => (
    <Choice
      label={label}
      value={filters.get(name)}
      choices={[["", "all"], ...withChosen(values, filters.get(name)).map((value) => [value, value] as const)]}
      onChange={(value) => filters.set({ [name]: value, after: "" })}
    />
  );
  return (
    <div className="fc-bar" role="search">
      <SearchBox
        label="Search pools"
        value={filters.get("search")}
        onSearch={(text) => filters.set({ search: text.trim(), after: "" })}
      />
      {choice("account", "Account", accounts.data?.items.map(({ name }) => name) ?? [])}
      {choice("ring", "Ring", RINGS)}
      {choice("image", "Image", images.data?.items.map(({ name }) => name) ?? [])}
      <Switch
        label="Only with a rollout"
        checked={filters.get("rollout") === "open"}
        onChange={(_, { checked }) => filters.set({ rollout: checked ? "open" : "", after: "" })}
      />
    </div>
  );
}
