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
import { SearchBox } from "../../parts/SearchBox";
import { DataTable } from "../../parts/table/DataTable";
import { AttentionBar } from "./AttentionBar";
import { poolColumns } from "./columns";
import type { FILTERS } from "./pools";
import { attentionOf, chosenPools, namesOf, RINGS } from "./pools";

/** VDI Pools: every pool with its image, people, rollout and what comes next. */
export default function PoolsPage(): ReactNode {
  const filters = useFilters();
  const pools = useLive("/api/pools", { query: { limit: 50 } }, { ...PACES.pools, isQuiet: isQuiet });
  const [, navigate] = useLocation();
  const publish = useWhyNot("publish");
  const configure = useWhyNot("configure");
  const all = pools.data?.items;
  const rows = all && chosenPools(all, filters);
  const register = (
    <ActionButton appearance="primary" whyNot={configure} onClick={() => navigate("/pools/new")}>
      Register pool
    </ActionButton>
  );
  return (
    <>
      <PageHeader title="VDI Pools" beside={<LiveMark live={pools} />} actions={register} />
      <LostBar live={pools} />
      <AttentionBar items={attentionOf(all ?? [])} />
      <PoolFilters filters={filters} accounts={namesOf(all, "account")} images={namesOf(all, "image")} />
      <DataTable
        label="VDI Pools"
        columns={poolColumns(publish, navigate)}
        rows={rows}
        keyOf={(pool) => pool.name}
        live={pools}
        empty={
          all?.length === 0 ? (
            <EmptyState text="No pool is registered. Register an AVD host pool to publish images to it.">
              {register}
            </EmptyState>
          ) : (
            <EmptyState text="No pool matches.">
              <Button onClick={filters.clear}>Clear filters</Button>
            </EmptyState>
          )
        }
      />
    </>
  );
}

function isQuiet(data: Answer<"/api/pools", "get">): boolean {
  return data.items.every((pool) => !pool.running_rollout);
}

interface FilterProps {
  filters: Filters;
  accounts: readonly string[];
  images: readonly string[];
}

function PoolFilters({ filters, accounts, images }: FilterProps): ReactNode {
  const choice = (name: (typeof FILTERS)[number], label: string, values: readonly string[]): ReactNode => (
    <Choice
      label={label}
      value={filters.get(name)}
      choices={[["", "all"], ...values.map((value) => [value, value] as const)]}
      onChange={(value) => filters.set({ [name]: value })}
    />
  );
  return (
    <div className="fc-bar" role="search">
      <SearchBox
        label="Search pools"
        value={filters.get("search")}
        onSearch={(text) => filters.set({ search: text })}
      />
      {choice("account", "Account", accounts)}
      {choice("ring", "Ring", RINGS)}
      {choice("image", "Image", images)}
      <Switch
        label="Only with a rollout"
        checked={filters.get("rollout") === "open"}
        onChange={(_, { checked }) => filters.set({ rollout: checked ? "open" : "" })}
      />
    </div>
  );
}
