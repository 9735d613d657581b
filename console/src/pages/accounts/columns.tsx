import type { ReactNode } from "react";
import { Link } from "wouter";

import { ActionButton } from "../../parts/ActionButton";
import type { Column } from "../../parts/table/DataTable";
import { scopeText, type Account } from "./accounts";

export interface Row {
  account: Account;
  /** Null: not known yet. */
  images: number | null;
  open: number | null;
}

export function accountColumns(whyNot: string | null, onEdit: (name: string) => void): Column<Row>[] {
  return [
    { id: "name", header: "Name", main: true, value: nameOf, cell: nameOf },
    { id: "title", header: "Title", value: ({ account }) => account.title, cell: ({ account }) => account.title },
    {
      id: "zone",
      header: "Time zone",
      value: ({ account }) => account.time_zone,
      cell: ({ account }) => account.time_zone,
    },
    {
      id: "pools",
      header: "Pools",
      align: "end",
      width: "80px",
      value: ({ account }) => account.pools,
      cell: ({ account }) => number(account.pools, `/pools?account=${account.name}`, `pools of ${account.name}`),
    },
    {
      id: "images",
      header: "Images",
      align: "end",
      width: "80px",
      value: ({ images }) => images,
      cell: ({ account, images }) => number(images, `/images?account=${account.name}`, `images of ${account.name}`),
    },
    {
      id: "open",
      header: "Open rollouts",
      align: "end",
      width: "112px",
      value: ({ open }) => open,
      cell: ({ account, open }) =>
        number(open, `/pools?account=${account.name}&rollout=open`, `open rollouts of ${account.name}`),
    },
    { id: "own", header: "Own in Azure", width: "24%", cell: ({ account }) => <Own account={account} /> },
    {
      id: "actions",
      header: "Actions",
      bare: true,
      width: "88px",
      cell: ({ account }) => (
        <ActionButton size="small" whyNot={whyNot} onClick={() => onEdit(account.name)}>
          Edit<span className="fc-sr"> {account.name}</span>
        </ActionButton>
      ),
    },
  ];
}

function nameOf({ account }: Row): string {
  return account.name;
}

function number(count: number | null, to: string, what: string): ReactNode {
  if (count === null) return "";
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
