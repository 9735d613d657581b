import type { ReactNode } from "react";
import { Link } from "wouter";

import { ActionButton } from "../../parts/ActionButton";
import type { Column } from "../../parts/table/DataTable";
import { scopeText, type Account } from "./accounts";

export function accountColumns(whyNot: string | null, onEdit: (name: string) => void): Column<Account>[] {
  return [
    { id: "name", header: "Name", main: true, value: nameOf, cell: nameOf },
    { id: "title", header: "Title", value: ({ title }) => title, cell: ({ title }) => title },
    {
      id: "zone",
      header: "Time zone",
      value: ({ time_zone }) => time_zone,
      cell: ({ time_zone }) => time_zone,
    },
    {
      id: "pools",
      header: "Pools",
      align: "end",
      width: "80px",
      value: ({ pools }) => pools,
      cell: ({ name, pools }) => number(pools, `/pools?account=${name}`, `pools of ${name}`),
    },
    {
      id: "images",
      header: "Images",
      align: "end",
      width: "80px",
      value: ({ images }) => images,
      cell: ({ name, images }) => number(images, `/images?account=${name}`, `images of ${name}`),
    },
    {
      id: "open",
      header: "Open rollouts",
      align: "end",
      width: "112px",
      value: ({ open_rollouts }) => open_rollouts,
      cell: ({ name, open_rollouts }) =>
        number(open_rollouts, `/pools?account=${name}&rollout=open`, `open rollouts of ${name}`),
    },
    { id: "own", header: "Own in Azure", width: "24%", cell: (account) => <Own account={account} /> },
    {
      id: "actions",
      header: "Actions",
      bare: true,
      width: "88px",
      cell: ({ name }) => (
        <ActionButton size="small" whyNot={whyNot} onClick={() => onEdit(name)}>
          Edit<span className="fc-sr"> {name}</span>
        </ActionButton>
      ),
    },
  ];
}

function nameOf({ name }: Account): string {
  return name;
}

function number(count: number, to: string, what: string): ReactNode {
  if (count === 0) return "0";
  return (
    <Link href={to}>
      {count}
      <span className="fc-sr"> {what}</span>
    </Link>
  );
}

function Own({ account }: { account: Account }): ReactNode {
  if (account.scopes.length === 0) return <span className="fc-muted">Nothing of its own</span>;
  return (
    <span>
      {account.scopes.slice(0, 2).map((scope) => (
        <span key={scope} title={scope}>
          {scopeText(scope)}
          <br />
        </span>
      ))}
      {account.scopes.length > 2 && <>and {account.scopes.length - 2} more. </>}
      <span className="fc-muted fc-small">
        {account.identity_client_id ? `Identity ${account.identity_client_id}` : "The app’s own identity"}
      </span>
    </span>
  );
}
