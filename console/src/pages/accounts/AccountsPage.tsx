import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { PACES, useLive } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { EmptyState } from "../../parts/EmptyState";
import { matches, useFilters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { SearchBox } from "../../parts/SearchBox";
import { DataTable } from "../../parts/table/DataTable";
import styles from "./accounts.module.css";
import { accountColumns } from "./columns";
import { EditPanel, RegisterPanel } from "./panels";

const MOST = 500;

/** Accounts: customers with their pools, images and what is their own in Azure. */
export default function AccountsPage(): ReactNode {
  const filters = useFilters();
  const accounts = useLive("/api/accounts", { query: { limit: MOST } }, PACES.overview);
  const configure = useWhyNot("configure");
  const search = filters.get("search");
  const rows = accounts.data?.items.filter(({ name, title }) => matches(search, name, title));
  const close = (): void => filters.set({ edit: "", register: "" });
  const register = (
    <ActionButton appearance="primary" whyNot={configure} onClick={() => filters.set({ register: "yes" })}>
      Register account
    </ActionButton>
  );
  return (
    <>
      <PageHeader
        title="Accounts"
        beside={<LiveMark live={accounts} />}
        line="An account is a customer. It owns pools, and may have subscriptions and resource groups of its own."
        actions={register}
      />
      <LostBar live={accounts} />
      <div className="fc-bar" role="search">
        <SearchBox label="Search accounts" value={search} onSearch={(text) => filters.set({ search: text.trim() })} />
      </div>
      <DataTable
        label="Accounts"
        columns={accountColumns(configure, (name) => filters.set({ edit: name }))}
        rows={rows}
        keyOf={({ name }) => name}
        live={accounts}
        empty={
          search ? (
            <EmptyState text="No account matches.">
              <Button onClick={filters.clear}>Clear search</Button>
            </EmptyState>
          ) : (
            <EmptyState text="No account is registered that you may see.">{register}</EmptyState>
          )
        }
      />
      <p className={`fc-muted fc-small ${styles.below}`}>
        {accounts.data?.continuation && `These are the first ${MOST}. `}
        An account cannot be deleted: the record names it. Move its pools and remove its grants instead.
      </p>
      {filters.get("register") && <RegisterPanel whyNot={configure} onClose={close} />}
      {filters.get("edit") && <EditPanel key={filters.get("edit")} name={filters.get("edit")} onClose={close} />}
    </>
  );
}
