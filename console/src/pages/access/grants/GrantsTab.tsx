import { useState, type ReactNode } from "react";

import { PACES, useLive, useWrite } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { ConfirmDialog } from "../../../parts/dialog";
import { EmptyState } from "../../../parts/EmptyState";
import { InfoIcon, LockIcon, WarningIcon } from "../../../parts/icons";
import { Pill } from "../../../parts/states";
import { actionsColumn } from "../../../parts/table/columns";
import { DataTable, type Column } from "../../../parts/table/DataTable";
import { useTell } from "../../../parts/toasts";
import { changedColumn } from "../common/Changed";
import { accountsText } from "../common/fields";
import { TabTop } from "../common/TabTop";
import { nameOf, type Grant } from "./grants";
import { GrantPanel } from "./GrantPanel";

type Asked = { what: "new" } | { what: "edit" | "take"; grant: Grant } | null;

/** Which accounts a person or a program may see and change. */
export function GrantsTab(): ReactNode {
  const whyNot = useWhyNot("configure");
  const options = { ...PACES.settings, enabled: whyNot === null };
  const grants = useLive("/api/access/grants", { query: { limit: 500 } }, options);
  const [asked, setAsked] = useState<Asked>(null);
  const rows = whyNot ? [] : grants.data?.items;
  const close = (): void => setAsked(null);
  return (
    <>
      <TabTop
        live={grants}
        text="A grant says which accounts a person or a program has. What they may do there, their app role in Entra ID says. While nobody has a grant, every admin has every account."
        verb="Give a grant"
        whyNot={whyNot}
        onNew={() => setAsked({ what: "new" })}
      />
      <DataTable
        label="Grants"
        columns={columns(whyNot, setAsked)}
        rows={rows}
        keyOf={({ principal }) => principal}
        live={grants}
        empty={<EmptyState text={whyNot ?? "Nobody has a grant, so every admin has every account."} />}
      />
      {asked?.what === "new" && <GrantPanel grants={rows ?? []} onClose={close} />}
      {asked?.what === "edit" && <GrantPanel grant={asked.grant} grants={rows ?? []} onClose={close} />}
      {asked?.what === "take" && <TakeDialog grant={asked.grant} last={rows?.length === 1} onClose={close} />}
    </>
  );
}

function columns(whyNot: string | null, ask: (asked: Asked) => void): Column<Grant>[] {
  return [
    {
      id: "name",
      header: "Who",
      main: true,
      width: "34%",
      value: nameOf,
      cell: ({ name, principal }) => (
        <>
          {name || "Without a name"}
          <br />
          <span className="fc-muted fc-small fc-mono fc-anywhere">{principal}</span>
        </>
      ),
    },
    {
      id: "kind",
      header: "Kind",
      width: "104px",
      value: ({ program }) => program,
      cell: ({ program }) => <Pill tone="plain">{program ? "Program" : "Person"}</Pill>,
    },
    { id: "accounts", header: "Accounts", cell: ({ accounts }) => accountsText(accounts) },
    changedColumn(),
    actionsColumn(
      (grant) => nameOf(grant),
      (grant) => [
        { text: "Edit", whyNot, onClick: () => ask({ what: "edit", grant }) },
        { text: "Take the grant", apart: true, whyNot, onClick: () => ask({ what: "take", grant }) },
      ],
    ),
  ];
}

interface TakeProps {
  grant: Grant;
  last: boolean;
  onClose: () => void;
}

function TakeDialog({ grant, last, onClose }: TakeProps): ReactNode {
  const write = useWrite("delete", "/api/access/grants/{principal}");
  const tell = useTell();
  const name = nameOf(grant);

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { principal: grant.principal } } }))) return;
    tell(`${name} has no account any more`, "It counts everywhere within half a minute.");
    onClose();
  }
  return (
    <ConfirmDialog
      title={`Take the grant of ${name}?`}
      harm="gone"
      name={name}
      verb="Take the grant"
      effects={[
        {
          icon: LockIcon,
          text: `${accountsText(grant.accounts)}: they see and change nothing there any more.`,
          bad: true,
        },
        { icon: InfoIcon, text: "What they have begun goes on. What falls due later waits for an approver." },
        ...(last
          ? [{ icon: WarningIcon, text: "It is the last grant. Without any, every admin has every account." }]
          : []),
      ]}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}
