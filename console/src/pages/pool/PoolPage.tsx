import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link, useLocation, useParams } from "wouter";

import { PACES, useLive } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { ActionsMenu } from "../../parts/ActionsMenu";
import { useFilters, type Filters } from "../../parts/filters";
import { portalOf } from "../../parts/links";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { PageSkeleton } from "../../parts/PageSkeleton";
import { ProblemBar } from "../../parts/ProblemBar";
import { Tabs } from "../../parts/Tabs";
import { InZone, ZoneNote } from "../../parts/time";
import { HostsTab } from "./HostsTab";
import { whyNoRollBack, whyNoUnregister, whyNoUpdate } from "../../parts/pool";
import { lineOf, type Pool } from "./pool";
import { PolicyTab } from "./PolicyTab";
import { RollBackDialog } from "./RollBackDialog";
import { RolloutsTab } from "./RolloutsTab";
import { Summary } from "./Summary";
import { UnregisterDialog } from "./UnregisterDialog";

/** One pool: what it is on, what runs, its hosts, its rollouts and how it is set. */
export default function PoolPage(): ReactNode {
  const { pool: name } = useParams<{ pool: string }>();
  const isQuiet = (data: Pool): boolean => !data.running_rollout;
  const pool = useLive("/api/pools/{pool}", { path: { pool: name } }, { ...PACES.pools, isQuiet });
  const filters = useFilters();
  return (
    <InZone zone={pool.data?.time_zone ?? "UTC"}>
      <PageHeader
        title={name}
        crumbs={[["VDI Pools", "/pools"]]}
        beside={<LiveMark live={pool} />}
        line={pool.data && lineOf(pool.data)}
        actions={pool.data && <Actions pool={pool.data} filters={filters} />}
      />
      <LostBar live={pool} />
      {!pool.data && pool.error && (
        <ProblemBar problem={pool.error} actions={<Button onClick={pool.refresh}>Try again</Button>} />
      )}
      {pool.error?.status === 404 && <Link href="/pools">All pools</Link>}
      {pool.loading && <PageSkeleton />}
      {pool.data && <Content pool={pool.data} filters={filters} />}
    </InZone>
  );
}

function Actions({ pool, filters }: { pool: Pool; filters: Filters }): ReactNode {
  const [, navigate] = useLocation();
  const publish = useWhyNot("publish");
  const configure = useWhyNot("configure");
  return (
    <>
      <ActionButton
        appearance="primary"
        whyNot={whyNoUpdate(pool, publish)}
        onClick={() => navigate(`/pools/${pool.name}/update-image`)}
      >
        Update Image
      </ActionButton>
      <ActionButton whyNot={whyNoRollBack(pool, publish)} onClick={() => filters.set({ ask: "roll-back" })}>
        {pool.previous_version ? `Roll back to ${pool.previous_version}` : "Roll back"}
      </ActionButton>
      <ActionsMenu
        of={pool.name}
        actions={[
          { text: "Settings", whyNot: configure, onClick: () => navigate(`/pools/${pool.name}/settings`) },
          { text: "Open in Azure", href: portalOf(pool.host_pool_id) },
          {
            text: "Unregister",
            apart: true,
            whyNot: whyNoUnregister(pool, configure),
            onClick: () => filters.set({ ask: "unregister" }),
          },
        ]}
      />
    </>
  );
}

const TABS = ["hosts", "rollouts", "policy"] as const;

function Content({ pool, filters }: { pool: Pool; filters: Filters }): ReactNode {
  const publish = useWhyNot("publish");
  const configure = useWhyNot("configure");
  const tab = TABS.find((each) => each === filters.get("tab")) ?? "hosts";
  const ask = filters.get("ask");
  const close = (): void => filters.set({ ask: "" });
  return (
    <>
      <Summary pool={pool} />
      <Tabs
        label="Parts of the pool"
        chosen={tab}
        onChoose={(id) => filters.set({ tab: id === "hosts" ? "" : id, after: "" })}
        tabs={[
          { id: "hosts", text: pool.hosts === null ? "Hosts" : `Hosts ${pool.hosts}` },
          { id: "rollouts", text: "Rollouts" },
          { id: "policy", text: "Policy" },
        ]}
      >
        {tab === "hosts" && <HostsTab pool={pool} filters={filters} />}
        {tab === "rollouts" && <RolloutsTab pool={pool} />}
        {tab === "policy" && <PolicyTab pool={pool} />}
      </Tabs>
      <ZoneNote />
      {ask === "roll-back" && !whyNoRollBack(pool, publish) && <RollBackDialog pool={pool} onClose={close} />}
      {ask === "unregister" && !whyNoUnregister(pool, configure) && <UnregisterDialog pool={pool} onClose={close} />}
    </>
  );
}
