import type { ReactNode } from "react";

import { PACES, useLive, type Answer } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { EmptyState } from "../../parts/EmptyState";
import { DataTable, type Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import { shortName } from "../../parts/words";

import { hasEnded, isQuiet, type Rollout } from "./rollout";

const PEOPLE = "/api/rollouts/{rollout}/people";
type Person = Answer<typeof PEOPLE, "get">["items"][number];

const COLUMNS: readonly Column<Person>[] = [
  { id: "user", header: "Person", main: true, value: ({ user }) => user, cell: ({ user }) => user },
  { id: "host", header: "Host", value: ({ host }) => host, cell: ({ host }) => shortName(host) },
  { id: "state", header: "State", value: ({ state }) => state, cell: ({ state }) => state },
  {
    id: "since",
    header: "Since",
    value: ({ since }) => since,
    cell: ({ since }) => (since ? <Time at={since} /> : "not known"),
  },
  { id: "warned", header: "Told", value: ({ warned }) => warned, cell: ({ warned }) => (warned ? "yes" : "not yet") },
];

/** Who still works on a host that is to be updated: the people to call before the deadline. */
export function PeopleTab({ rollout }: { rollout: Rollout }): ReactNode {
  const mayNot = useWhyNot("steer");
  const people = useLive(
    PEOPLE,
    { path: { rollout: rollout.id } },
    { ...PACES.lists, seen: 15, isQuiet: () => isQuiet(rollout), enabled: mayNot === null && !hasEnded(rollout) },
  );
  if (hasEnded(rollout)) return <EmptyState text="It has ended: it waits for nobody any more." />;
  if (mayNot) return <EmptyState text={`Names of people are not shown to you. ${mayNot}`} />;
  return (
    <DataTable
      label="People on hosts that are still to be updated"
      columns={COLUMNS}
      rows={people.data?.items}
      keyOf={({ user, host }) => `${user} ${host}`}
      live={people}
      empty={<EmptyState text="Nobody works on a host that is still to be updated." />}
    />
  );
}
