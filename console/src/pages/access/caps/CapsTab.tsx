import { useState, type ReactNode } from "react";

import { PACES, useLive } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { EmptyState } from "../../../parts/EmptyState";
import { DoneIcon, WarningIcon } from "../../../parts/icons";
import { Pill, ProgressBar } from "../../../parts/states";
import { actionsColumn } from "../../../parts/table/columns";
import { DataTable, type Column } from "../../../parts/table/DataTable";
import { Time } from "../../../parts/time";
import { changedColumn } from "../common/Changed";
import { TabTop } from "../common/TabTop";
import { CAPS, countOf, type CapName, type Caps } from "./caps";
import { CapsPanel } from "./CapsPanel";
import { EndLiftDialog, LiftDialog, RemoveDialog } from "./dialogs";

type Asked = { what: "new" } | { what: "edit" | "lift" | "end" | "remove"; caps: Caps } | null;

/** How much of an account may begin within an hour, and what has. */
export function CapsTab(): ReactNode {
  const caps = useLive("/api/access/caps", { query: { limit: 500 } }, PACES.lists);
  const whyNot = useWhyNot("configure");
  const [asked, setAsked] = useState<Asked>(null);
  const rows = caps.data?.items;
  const close = (): void => setAsked(null);
  return (
    <>
      <TabTop
        live={caps}
        text="At most so many hosts begun, sessions ended and pools worked in within an hour. What does not fit waits, and says when it goes on. A roll-back has caps of the same size of its own."
        verb="Set caps"
        whyNot={whyNot}
        onNew={() => setAsked({ what: "new" })}
      />
      <DataTable
        label="Caps"
        columns={columns(whyNot, setAsked)}
        rows={rows}
        keyOf={({ account }) => account}
        live={caps}
        empty={<EmptyState text="No caps are set: nothing is held up by the hour." />}
      />
      {asked?.what === "new" && <CapsPanel all={rows ?? []} onClose={close} />}
      {asked?.what === "edit" && <CapsPanel caps={asked.caps} all={rows ?? []} onClose={close} />}
      {asked?.what === "lift" && <LiftDialog caps={asked.caps} onClose={close} />}
      {asked?.what === "end" && <EndLiftDialog caps={asked.caps} onClose={close} />}
      {asked?.what === "remove" && <RemoveDialog caps={asked.caps} onClose={close} />}
    </>
  );
}

function columns(whyNot: string | null, ask: (asked: Asked) => void): Column<Caps>[] {
  return [
    {
      id: "account",
      header: "Account",
      main: true,
      width: "16%",
      value: ({ account }) => account,
      cell: ({ account }) => account,
    },
    ...CAPS.map(([name, label]): Column<Caps> => ({
      id: name,
      header: label,
      value: (caps) => countOf(caps, name).used,
      cell: (caps) => <Used caps={caps} name={name} label={label} />,
    })),
    { id: "holds", header: "State", width: "20%", cell: (caps) => <Holds caps={caps} /> },
    changedColumn(),
    actionsColumn(
      (caps) => caps.account,
      (caps) => [
        { text: "Edit", whyNot, onClick: () => ask({ what: "edit", caps }) },
        {
          text: caps.override ? "Lift anew" : "Lift for some hours",
          whyNot,
          onClick: () => ask({ what: "lift", caps }),
        },
        {
          text: "Let the caps hold again",
          whyNot: whyNot ?? (caps.override ? null : "They hold now."),
          onClick: () => ask({ what: "end", caps }),
        },
        { text: "Remove", apart: true, whyNot, onClick: () => ask({ what: "remove", caps }) },
      ],
    ),
  ];
}

function Used({ caps, name, label }: { caps: Caps; name: CapName; label: string }): ReactNode {
  const { used, backs, cap } = countOf(caps, name);
  return (
    <div className="fc-anywhere">
      {cap === null ? `${used}, no cap` : `${used} of ${cap}`}
      {cap !== null && <ProgressBar percent={(100 * used) / cap} label={`${label}, ${caps.account}`} />}
      {backs > 0 && <span className="fc-muted fc-small">and {backs} by roll-backs</span>}
    </div>
  );
}

function Holds({ caps: { override } }: { caps: Caps }): ReactNode {
  if (!override) {
    return (
      <Pill tone="ok" icon={DoneIcon}>
        Hold
      </Pill>
    );
  }
  return (
    <div>
      <Pill tone="warn" icon={WarningIcon}>
        Lifted
      </Pill>
      <br />
      <span className="fc-small">
        until <Time at={override.until} /> by {override.by}: {override.reason}
      </span>
    </div>
  );
}
