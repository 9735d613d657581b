import { useState, type ReactNode } from "react";

import { PACES, serverNow, useLive, useWrite } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { ConfirmDialog } from "../../../parts/dialog";
import { EmptyState } from "../../../parts/EmptyState";
import { DoneIcon, FailedIcon, InfoIcon, ScheduledIcon, SkippedIcon } from "../../../parts/icons";
import { Pill } from "../../../parts/states";
import { actionsColumn } from "../../../parts/table/columns";
import { DataTable, type Column } from "../../../parts/table/DataTable";
import { Time } from "../../../parts/time";
import { useTell } from "../../../parts/toasts";
import { Changed } from "../common/Changed";
import { accountsText } from "../common/fields";
import { TabTop } from "../common/TabTop";
import { KeyPanel } from "./KeyPanel";
import { stateOf, type Key, type NewKey } from "./keys";
import { NewKeyDialog } from "./NewKeyDialog";

type Asked = { what: "new" } | { what: "made"; key: NewKey } | { what: "revoke"; key: Key } | null;

/** Keys for programs that cannot get a token of Entra ID. */
export function KeysTab(): ReactNode {
  const whyNot = useWhyNot("configure");
  const keys = useLive("/api/access/keys", { query: { limit: 500 } }, { ...PACES.settings, enabled: whyNot === null });
  const [asked, setAsked] = useState<Asked>(null);
  const close = (): void => setAsked(null);
  return (
    <>
      <TabTop
        live={keys}
        text="For programs that cannot get a token of Entra ID. A key is shown once, when it is made. It never approves and never changes settings."
        verb="Make a key"
        whyNot={whyNot}
        onNew={() => setAsked({ what: "new" })}
      />
      <DataTable
        label="App keys"
        columns={columns(whyNot, (key) => setAsked({ what: "revoke", key }))}
        rows={whyNot ? [] : keys.data?.items}
        keyOf={({ name }) => name}
        live={keys}
        empty={<EmptyState text={whyNot ?? "There is no app key. Programs sign in with Entra ID, or with a key."} />}
      />
      {asked?.what === "new" && <KeyPanel onMade={(key) => setAsked({ what: "made", key })} onClose={close} />}
      {asked?.what === "made" && <NewKeyDialog made={asked.key} onClose={close} />}
      {asked?.what === "revoke" && <RevokeDialog of={asked.key} onClose={close} />}
    </>
  );
}

function columns(whyNot: string | null, onRevoke: (key: Key) => void): Column<Key>[] {
  return [
    { id: "name", header: "Name", main: true, value: ({ name }) => name, cell: ({ name }) => name },
    { id: "state", header: "State", width: "120px", cell: (key) => <KeyPill of={key} /> },
    { id: "role", header: "Role", width: "112px", value: ({ role }) => role, cell: ({ role }) => role },
    { id: "accounts", header: "Accounts", cell: ({ accounts }) => accountsText(accounts) },
    {
      id: "ends",
      header: "Ends",
      width: "128px",
      value: ({ revoked_at, expires_at }) => revoked_at ?? expires_at,
      cell: ({ revoked_at, expires_at }) => <Time at={revoked_at ?? expires_at} />,
    },
    {
      id: "made",
      header: "Made",
      width: "180px",
      value: ({ created_at }) => created_at,
      cell: ({ created_at, created_by }) => <Changed at={created_at} by={created_by} />,
    },
    actionsColumn(
      (key) => key.name,
      (key) => [
        {
          text: "Revoke",
          whyNot: whyNot ?? (key.revoked_at ? "It is revoked already." : null),
          onClick: () => onRevoke(key),
        },
      ],
    ),
  ];
}

function KeyPill({ of }: { of: Key }): ReactNode {
  const state = stateOf(of, serverNow());
  if (state === "valid")
    return (
      <Pill tone="ok" icon={DoneIcon}>
        Valid
      </Pill>
    );
  if (state === "expired")
    return (
      <Pill tone="plain" icon={ScheduledIcon}>
        Expired
      </Pill>
    );
  return (
    <Pill tone="plain" icon={SkippedIcon}>
      Revoked
    </Pill>
  );
}

function RevokeDialog({ of, onClose }: { of: Key; onClose: () => void }): ReactNode {
  const write = useWrite("delete", "/api/access/keys/{key}");
  const tell = useTell();

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { key: of.name } } }))) return;
    tell(`${of.name} is revoked`, "It counts no longer after half a minute at most.");
    onClose();
  }
  return (
    <ConfirmDialog
      title={`Revoke the key ${of.name}?`}
      harm="gone"
      name={of.name}
      verb={`Revoke ${of.name}`}
      effects={[
        { icon: FailedIcon, text: "The program that uses it is refused within half a minute.", bad: true },
        { icon: InfoIcon, text: "It cannot be taken back, and its name stays taken, so that the record is clear." },
      ]}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}
