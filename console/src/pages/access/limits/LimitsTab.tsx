import { useState, type ReactNode } from "react";

import { PACES, useLive, useWrite } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { ConfirmDialog } from "../../../parts/dialog";
import { EmptyState } from "../../../parts/EmptyState";
import { InfoIcon, WarningIcon } from "../../../parts/icons";
import { actionsColumn } from "../../../parts/table/columns";
import { DataTable, type Column } from "../../../parts/table/DataTable";
import { useTell } from "../../../parts/toasts";
import styles from "../access.module.css";
import { changedColumn } from "../common/Changed";
import { TabTop } from "../common/TabTop";
import { limitLines, type Limits } from "./limits";
import { LimitsPanel } from "./LimitsPanel";

type Asked = { what: "new" } | { what: "edit" | "remove"; limits: Limits } | null;

/** What no pool and no request may go beyond, for each account and ring. */
export function LimitsTab(): ReactNode {
  const limits = useLive("/api/access/limits", { query: { limit: 500 } }, PACES.settings);
  const whyNot = useWhyNot("configure");
  const [asked, setAsked] = useState<Asked>(null);
  const rows = limits.data?.items;
  const close = (): void => setAsked(null);
  return (
    <>
      <TabTop
        live={limits}
        text="No pool and no request of the account’s ring goes beyond these, whatever its policy says. They are asked again when a rollout begins and while it goes on. A roll-back is told of a limit, and is not held up."
        verb="Set limits"
        whyNot={whyNot}
        onNew={() => setAsked({ what: "new" })}
      />
      <DataTable
        label="Limits"
        columns={columns(whyNot, setAsked)}
        rows={rows}
        keyOf={({ account, ring }) => `${account} ${ring}`}
        live={limits}
        empty={<EmptyState text="No limits are set: each pool goes by its own policy." />}
      />
      {asked?.what === "new" && <LimitsPanel all={rows ?? []} onClose={close} />}
      {asked?.what === "edit" && <LimitsPanel limits={asked.limits} all={rows ?? []} onClose={close} />}
      {asked?.what === "remove" && <RemoveDialog limits={asked.limits} onClose={close} />}
    </>
  );
}

function columns(whyNot: string | null, ask: (asked: Asked) => void): Column<Limits>[] {
  return [
    {
      id: "account",
      header: "Account",
      main: true,
      width: "18%",
      value: ({ account }) => account,
      cell: ({ account }) => account,
    },
    { id: "ring", header: "Ring", width: "112px", value: ({ ring }) => ring, cell: ({ ring }) => ring },
    { id: "limits", header: "Limits", cell: (limits) => <Lines of={limits} /> },
    changedColumn(),
    actionsColumn(
      (limits) => `${limits.account}, ${limits.ring}`,
      (limits) => [
        { text: "Edit", whyNot, onClick: () => ask({ what: "edit", limits }) },
        { text: "Remove", apart: true, whyNot, onClick: () => ask({ what: "remove", limits }) },
      ],
    ),
  ];
}

function Lines({ of }: { of: Limits }): ReactNode {
  const lines = limitLines(of);
  if (lines.length === 0) return <span className="fc-muted">None</span>;
  return (
    <ul className={styles.lines}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function RemoveDialog({ limits, onClose }: { limits: Limits; onClose: () => void }): ReactNode {
  const { account, ring } = limits;
  const write = useWrite("delete", "/api/access/limits/{account}/{ring}");
  const tell = useTell();

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { account, ring } } }))) return;
    tell("The limits are removed", `Pools of ${account} in ring ${ring} go by their own policy.`);
    onClose();
  }
  return (
    <ConfirmDialog
      title={`Remove the limits of ${account}, ring ${ring}?`}
      harm="gone"
      name={account}
      verb="Remove the limits"
      effects={[
        {
          icon: WarningIcon,
          text: "Pools and requests are held by their own policy only, also while rollouts run.",
          bad: true,
        },
        { icon: InfoIcon, text: `Removed: ${limitLines(limits).join("; ") || "nothing was set"}.` },
      ]}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}
