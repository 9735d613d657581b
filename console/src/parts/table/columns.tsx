import { ActionsMenu, type Action } from "../ActionsMenu";
import type { Column } from "./DataTable";

/** The last column of most tables: a menu of what can be done with the row. `of`: whose actions they are. */
export function actionsColumn<R>(of: (row: R) => string, actions: (row: R) => readonly Action[]): Column<R> {
  return {
    id: "actions",
    header: "Actions",
    bare: true,
    width: "72px",
    cell: (row) => <ActionsMenu of={of(row)} actions={actions(row)} />,
  };
}
