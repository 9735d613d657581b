import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { Link, useParams } from "wouter";

import { PACES, useLive, type HostState, type Live } from "../../api";
import { useFilters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { PageSkeleton } from "../../parts/PageSkeleton";
import { ProblemBar } from "../../parts/ProblemBar";
import { RolloutPill } from "../../parts/states";
import { Tabs } from "../../parts/Tabs";
import { InZone } from "../../parts/time";
import { myZone } from "../../parts/time/format";
import { AttentionBar } from "./AttentionBar";
import { Commands } from "./commands/Commands";
import { EventsTab } from "./EventsTab";
import { HostsTab } from "./hosts/HostsTab";
import { useHosts } from "./hosts/useHosts";
import { PeopleTab } from "./PeopleTab";
import { PolicyTab } from "./PolicyTab";
import { hasEnded, isQuiet, lineOf, titleOf, type Rollout } from "./rollout";
import { Announcer } from "./Announcer";
import { Summary } from "./Summary";
import { TimeLine } from "./TimeLine";

/** One rollout, live: its state, what needs somebody, what comes next, every host, what has happened. */
export default function RolloutPage(): ReactNode {
  const { rollout: id } = useParams<{ rollout: string }>();
  const live = useLive("/api/rollouts/{rollout}", { path: { rollout: id } }, { ...PACES.rollout, isQuiet });
  if (live.data) {
    return (
      <InZone zone={live.data.schedule?.time_zone ?? myZone()}>
        <Shown rollout={live.data} live={live} />
      </InZone>
    );
  }
  if (!live.error) return <PageSkeleton />;
  return (
    <>
      <PageHeader title="Rollout" crumbs={[["VDI Pools", "/pools"]]} />
      <ProblemBar problem={live.error} actions={<Button onClick={live.refresh}>Try again</Button>} />
      <p>
        <Link href="/rollouts">All rollouts</Link>
      </p>
    </>
  );
}

function Shown({ rollout, live }: { rollout: Rollout; live: Live<Rollout> }): ReactNode {
  const [states, setStates] = useState<ReadonlySet<HostState>>(new Set());
  const title = titleOf(rollout);
  const beside = (
    <>
      <RolloutPill state={rollout.state} />
      <LiveMark live={live} ended={hasEnded(rollout)} />
    </>
  );
  return (
    <>
      <PageHeader
        title={title}
        tab={`${title}, ${rollout.percent} %`}
        crumbs={[
          ["VDI Pools", "/pools"],
          [rollout.pool, `/pools/${rollout.pool}`],
        ]}
        beside={beside}
        line={lineOf(rollout)}
        actions={<Commands rollout={rollout} />}
      />
      <LostBar live={live} />
      <Announcer rollout={rollout} />
      <AttentionBar rollout={rollout} onShowFailed={() => setStates(new Set<HostState>(["failed"]))} />
      <Summary rollout={rollout} states={states} onStates={setStates} />
      <TimeLine rollout={rollout} />
      <Parts rollout={rollout} readAt={live.readAt} states={states} onStates={setStates} />
    </>
  );
}

interface PartsProps {
  rollout: Rollout;
  readAt: number;
  states: ReadonlySet<HostState>;
  onStates: (states: ReadonlySet<HostState>) => void;
}

function Parts({ rollout, readAt, states, onStates }: PartsProps): ReactNode {
  const filters = useFilters();
  const hosts = useHosts(rollout.id, rollout.mark, readAt);
  const chosen = filters.get("tab") || "hosts";
  const tabs = [
    { id: "hosts", text: `Hosts ${rollout.hosts}` },
    { id: "events", text: "Events" },
    { id: "people", text: `People ${rollout.people_left}` },
    { id: "policy", text: "Policy" },
  ];
  return (
    <Tabs
      label="Parts of the rollout"
      chosen={chosen}
      tabs={tabs}
      onChoose={(tab) => filters.set({ tab: tab === "hosts" ? "" : tab, host: "" })}
    >
      {chosen === "events" && <EventsTab rollout={rollout} />}
      {chosen === "people" && <PeopleTab rollout={rollout} />}
      {chosen === "policy" && <PolicyTab rollout={rollout} />}
      {chosen === "hosts" && <HostsTab rollout={rollout} hosts={hosts} states={states} onStates={onStates} />}
    </Tabs>
  );
}
