import { useState, type ReactNode } from "react";

import { PACES, useLive, useWrite, type Model } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { CopyButton } from "../../../parts/CopyButton";
import { EmptyState } from "../../../parts/EmptyState";
import { actionsColumn } from "../../../parts/table/columns";
import { DataTable, type Column } from "../../../parts/table/DataTable";
import { changedColumn } from "../common/Changed";
import { RemoveProfile } from "../common/RemoveProfile";
import { TabTop } from "../common/TabTop";
import { UsedBy, usePools } from "../common/UsedBy";
import { ProbePanel } from "./ProbePanel";

type Probe = Model<"ProbeView">;
type Pools = ReturnType<typeof usePools>;
type Asked = { what: "new" } | { what: "edit" | "remove"; probe: Probe } | null;

/** Scripts that check canary hosts, by the names that pools and requests use. */
export function ProbesTab(): ReactNode {
  const probes = useLive("/api/access/probes", { query: { limit: 500 } }, PACES.settings);
  const pools = usePools();
  const whyNot = useWhyNot("configure");
  const [asked, setAsked] = useState<Asked>(null);
  const close = (): void => setAsked(null);
  return (
    <>
      <TabTop
        live={probes}
        text="A probe is a PowerShell script that runs on canary hosts as SYSTEM. Exit code 0 means that the host is good. Pools and requests only name one. Put no secret into one: who may read the account may read it."
        verb="Make a probe"
        whyNot={whyNot}
        onNew={() => setAsked({ what: "new" })}
      />
      <DataTable
        label="Probes"
        columns={columns(whyNot, pools, setAsked)}
        rows={probes.data?.items}
        keyOf={({ account, name }) => `${account} ${name}`}
        live={probes}
        empty={<EmptyState text="No account has a probe. Canary hosts are checked by what Azure reports of them." />}
      />
      {asked?.what === "new" && <ProbePanel onClose={close} />}
      {asked?.what === "edit" && <ProbePanel probe={asked.probe} onClose={close} />}
      {asked?.what === "remove" && <Remove probe={asked.probe} onClose={close} />}
    </>
  );
}

function columns(whyNot: string | null, pools: Pools, ask: (asked: Asked) => void): Column<Probe>[] {
  return [
    { id: "name", header: "Name", main: true, value: ({ name }) => name, cell: ({ name }) => name },
    { id: "account", header: "Account", value: ({ account }) => account, cell: ({ account }) => account },
    {
      id: "used",
      header: "Used by",
      cell: ({ account, name }) => (
        <UsedBy pools={pools?.filter((pool) => pool.account === account && pool.policy.probe === name)} />
      ),
    },
    {
      id: "digest",
      header: "SHA-256",
      width: "170px",
      cell: ({ digest }) => (
        <div className="fc-nowrap">
          <span className="fc-mono" title={digest}>
            {digest.slice(0, 12)}
          </span>
          <CopyButton text={digest} what="SHA-256" />
        </div>
      ),
    },
    { id: "time", header: "Minutes", width: "96px", align: "end", cell: ({ timeout_minutes }) => timeout_minutes },
    changedColumn(),
    actionsColumn(
      (probe) => probe.name,
      (probe) => [
        { text: whyNot ? "Show the script" : "Edit", onClick: () => ask({ what: "edit", probe }) },
        { text: "Remove", apart: true, whyNot, onClick: () => ask({ what: "remove", probe }) },
      ],
    ),
  ];
}

function Remove({ probe: { account, name }, onClose }: { probe: Probe; onClose: () => void }): ReactNode {
  const write = useWrite("delete", "/api/access/probes/{account}/{probe}");
  const send = (): Promise<unknown> => write.send({ params: { path: { account, probe: name } } });
  return <RemoveProfile noun="probe" name={name} account={account} write={write} send={send} onClose={onClose} />;
}
