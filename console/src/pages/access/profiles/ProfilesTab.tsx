import { useState, type ReactNode } from "react";

import { PACES, useLive, useWrite, type Model } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { EmptyState } from "../../../parts/EmptyState";
import { actionsColumn } from "../../../parts/table/columns";
import { DataTable, type Column } from "../../../parts/table/DataTable";
import { changedColumn } from "../common/Changed";
import { RemoveProfile } from "../common/RemoveProfile";
import { TabTop } from "../common/TabTop";
import { UsedBy, usePools } from "../common/UsedBy";
import { ProfilePanel } from "./ProfilePanel";

type Profile = Model<"JoinProfileView">;
type Pools = ReturnType<typeof usePools>;
type Asked = { what: "new" } | { what: "edit" | "remove"; profile: Profile } | null;

/** How hosts join a domain, by the names that pools use. */
export function ProfilesTab(): ReactNode {
  const profiles = useLive("/api/access/join-profiles", { query: { limit: 500 } }, PACES.settings);
  const pools = usePools();
  const whyNot = useWhyNot("configure");
  const [asked, setAsked] = useState<Asked>(null);
  const close = (): void => setAsked(null);
  return (
    <>
      <TabTop
        live={profiles}
        text="A join profile says how hosts join a domain. Pools name a profile of their own account. The password stays in an app setting. A join to Entra ID needs neither."
        verb="Make a join profile"
        whyNot={whyNot}
        onNew={() => setAsked({ what: "new" })}
      />
      <DataTable
        label="Join profiles"
        columns={columns(whyNot, pools, setAsked)}
        rows={profiles.data?.items}
        keyOf={({ account, name }) => `${account} ${name}`}
        live={profiles}
        empty={<EmptyState text="No account has a join profile. Hosts that join Entra ID need none." />}
      />
      {asked?.what === "new" && <ProfilePanel onClose={close} />}
      {asked?.what === "edit" && <ProfilePanel profile={asked.profile} onClose={close} />}
      {asked?.what === "remove" && <Remove profile={asked.profile} onClose={close} />}
    </>
  );
}

function columns(whyNot: string | null, pools: Pools, ask: (asked: Asked) => void): Column<Profile>[] {
  return [
    { id: "name", header: "Name", main: true, value: ({ name }) => name, cell: ({ name }) => name },
    { id: "account", header: "Account", value: ({ account }) => account, cell: ({ account }) => account },
    { id: "domain", header: "Domain", value: ({ domain }) => domain, cell: ({ domain }) => domain },
    { id: "user", header: "User", cell: ({ user }) => user },
    {
      id: "used",
      header: "Used by",
      cell: ({ account, name }) => (
        <UsedBy pools={pools?.filter((pool) => pool.account === account && names(pool, name))} />
      ),
    },
    changedColumn(),
    actionsColumn(
      (profile) => profile.name,
      (profile) => [
        { text: whyNot ? "Show" : "Edit", onClick: () => ask({ what: "edit", profile }) },
        { text: "Remove", apart: true, whyNot, onClick: () => ask({ what: "remove", profile }) },
      ],
    ),
  ];
}

function names({ join }: Pick<Model<"PoolView">, "join">, name: string): boolean {
  return "profile" in join && join.profile === name;
}

function Remove({ profile: { account, name }, onClose }: { profile: Profile; onClose: () => void }): ReactNode {
  const write = useWrite("delete", "/api/access/join-profiles/{account}/{profile}");
  const send = (): Promise<unknown> => write.send({ params: { path: { account, profile: name } } });
  return (
    <RemoveProfile noun="join profile" name={name} account={account} write={write} send={send} onClose={onClose} />
  );
}
