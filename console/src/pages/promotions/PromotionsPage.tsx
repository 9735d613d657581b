import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { Link } from "wouter";

import { PACES, useLive } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { Choice } from "../../parts/Choice";
import { EmptyState } from "../../parts/EmptyState";
import { useFilters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { Pager } from "../../parts/Pager";
import { Pill, type Tone } from "../../parts/states";
import { actionsColumn } from "../../parts/table/columns";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { InZone, Time } from "../../parts/time";
import { CancelPromotion, MovePromotion, type Promotion } from "./dialogs";

type Asked = { what: "move" | "cancel"; promotion: Promotion };

const STATES: Readonly<Record<Promotion["state"], readonly [word: string, tone: Tone]>> = {
  scheduled: ["Scheduled", "plain"],
  promoting: ["Promoting", "work"],
  promoted: ["Promoted", "ok"],
  failed: ["Failed", "bad"],
  cancelled: ["Cancelled", "plain"],
};

/** Scheduled activations: when, of what, and what becomes of the pools. */
export default function PromotionsPage(): ReactNode {
  const filters = useFilters();
  const [asked, setAsked] = useState<Asked | null>(null);
  const mayNot = useWhyNot("steer");
  const state = filters.get("state");
  const query = {
    limit: 50,
    ...(state === "all" ? {} : { open: true }),
    ...(filters.get("after") ? { continuation: filters.get("after") } : {}),
  };
  const promotions = useLive("/api/promotions", { query }, { ...PACES.lists, keepPrevious: true });
  const close = (): void => setAsked(null);
  return (
    <>
      <PageHeader title="Promotions" beside={<LiveMark live={promotions} />} />
      <LostBar live={promotions} />
      <div className="fc-bar" role="search">
        <Choice
          label="Show"
          value={state}
          choices={[
            ["", "open"],
            ["all", "all"],
          ]}
          onChange={(value) => filters.set({ state: value, after: "" })}
        />
      </div>
      <DataTable
        label="Promotions"
        columns={columnsOf(mayNot, setAsked)}
        rows={promotions.data?.items}
        keyOf={({ id }) => id}
        live={promotions}
        empty={
          <EmptyState text="Nothing is scheduled. Activate a staged version later from Global Images.">
            <Link href="/images">
              <Button>Global Images</Button>
            </Link>
          </EmptyState>
        }
      />
      <Pager next={promotions.data?.continuation} />
      {asked?.what === "move" && <MovePromotion promotion={asked.promotion} onClose={close} />}
      {asked?.what === "cancel" && <CancelPromotion promotion={asked.promotion} onClose={close} />}
    </>
  );
}

function columnsOf(mayNot: string | null, ask: (asked: Asked) => void): readonly Column<Promotion>[] {
  return [
    {
      id: "due",
      header: "When",
      width: "26%",
      value: ({ due_at }) => due_at,
      cell: (promotion) => <Due promotion={promotion} />,
    },
    {
      id: "what",
      header: "What",
      main: true,
      value: ({ image, version }) => `${image} ${version}`,
      cell: ({ image, version }) => <Link href={`/images/${image}`}>{`${image} ${version}`}</Link>,
    },
    { id: "pools", header: "Then updates", cell: poolsText },
    { id: "state", header: "State", width: "20%", value: ({ state }) => state, cell: (each) => <State of={each} /> },
    { id: "by", header: "By", value: (each) => each.requested_by, cell: (each) => each.requested_by, wideOnly: true },
    actionsColumn(
      ({ image, version }) => `${image} ${version}`,
      (promotion) => {
        const whyNot = mayNot ?? (promotion.state === "scheduled" ? null : "It is no longer scheduled.");
        return [
          { text: "Move", whyNot, onClick: () => ask({ what: "move", promotion }) },
          { text: "Cancel", whyNot, onClick: () => ask({ what: "cancel", promotion }) },
        ];
      },
    ),
  ];
}

/** In the promotion's own zone: its pools live there. Pointer or focus shows yours. */
function Due({ promotion }: { promotion: Promotion }): ReactNode {
  return (
    <InZone zone={promotion.time_zone}>
      <Time at={promotion.due_at} form="both" />
      <div className="fc-muted fc-small">{promotion.time_zone}</div>
    </InZone>
  );
}

export function poolsText({ update_pools: pools }: Pick<Promotion, "update_pools">): string {
  if (pools.length === 0 || pools[0] === "none") return "no pool";
  return pools[0] === "all" ? "all pools of the image" : pools.join(", ");
}

function State({ of: { state, note, task } }: { of: Promotion }): ReactNode {
  const [word, tone] = STATES[state];
  return (
    <div>
      <Pill tone={tone}>{word}</Pill>
      {note && <div className="fc-muted fc-small">{note.text}</div>}
      {task && (
        <div className="fc-small">
          <Link href={`/tasks/${task}`}>Show its task</Link>
        </div>
      )}
    </div>
  );
}
