import {
  Button,
  SkeletonItem,
  Skeleton,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from "@fluentui/react-components";
import { lazy, Suspense, useRef, useState, type ReactNode, type Ref, type RefObject } from "react";

import type { Live } from "../../api";
import { ProblemBar } from "../ProblemBar";
import { nextSort, sorted, type Sort } from "./sorting";
import "./table.css";

const VirtualRows = lazy(() => import("./VirtualRows").then((module) => ({ default: module.VirtualRows })));

export interface Column<R> {
  id: string;
  header: string;
  cell: (row: R) => ReactNode;
  /** What the rows are sorted by. Left out: not sortable, unless `onSort` asks the server. */
  value?: ((row: R) => string | number | boolean | null | undefined) | undefined;
  /** Width as CSS: `20%`, `96px`. Left out: shares what is left. */
  width?: string;
  align?: "end";
  /** The column of the name: a row's header, and the title of its card on a phone. */
  main?: boolean;
  /** No header is shown: buttons. */
  bare?: boolean;
  /** Left out on a phone and in a narrow window. */
  wideOnly?: boolean;
}

interface Props<R> {
  /** What the table is: `VDI Pools`. */
  label: string;
  columns: readonly Column<R>[];
  /** Undefined: not read yet. */
  rows: readonly R[] | undefined;
  keyOf: (row: R) => string;
  /** What was asked, for the states of loading and failing. */
  live?: Pick<Live<unknown>, "error" | "refresh">;
  /** Shown when there are no rows: an `EmptyState`. */
  empty: ReactNode;
  /** Sorting by the server: the current order, and what a press on a header asks for. */
  sort?: Sort | null;
  onSort?: (sort: Sort) => void;
  rowClass?: (row: R) => string | undefined;
}

/** Rows of skeletons while nothing is known yet. */
const LOADING_ROWS = 6;

/** From this many rows on, only those in view are drawn. */
const MOST_DRAWN = 200;

/** A table with sortable headers; cards on a phone; only the rows in view where there are more than 200. */
export function DataTable<R>(props: Props<R>): ReactNode {
  const { label, columns, rows, live, empty } = props;
  const [own, setOwn] = useState<Sort | null>(null);
  const sort = props.onSort ? (props.sort ?? null) : own;
  const ordered = props.onSort || !rows ? rows : inOrder(rows, columns, own);
  const box = useRef<HTMLDivElement>(null);
  if (!ordered && live?.error) {
    return <ProblemBar problem={live.error} actions={<Button onClick={live.refresh}>Try again</Button>} />;
  }
  if (ordered?.length === 0) return <div className="fc-card">{empty}</div>;
  return (
    <div className="fc-card fc-table-box" ref={box}>
      <Table aria-label={label} aria-rowcount={(ordered?.length ?? LOADING_ROWS) + 1} className="fc-table" role="table">
        <Header columns={columns} sort={sort} onSort={props.onSort ?? setOwn} />
        <TableBody role="rowgroup">
          {ordered ? <Rows {...props} rows={ordered} box={box} /> : <LoadingRows columns={columns} />}
        </TableBody>
      </Table>
    </div>
  );
}

function inOrder<R>(rows: readonly R[], columns: readonly Column<R>[], sort: Sort | null): readonly R[] {
  const value = columns.find(({ id }) => id === sort?.column)?.value;
  return sort && value ? sorted(rows, value, sort.order) : rows;
}

interface HeaderProps<R> {
  columns: readonly Column<R>[];
  sort: Sort | null;
  onSort: (sort: Sort) => void;
}

function Header<R>({ columns, sort, onSort }: HeaderProps<R>): ReactNode {
  return (
    <TableHeader role="rowgroup">
      <TableRow role="row" aria-rowindex={1}>
        {columns.map(({ id, header, value, width, align, bare, wideOnly }) => (
          <TableHeaderCell
            key={id}
            role="columnheader"
            className={[align === "end" && "fc-end", wideOnly && "fc-wide-only"].filter(Boolean).join(" ") || undefined}
            style={width ? { width } : undefined}
            sortable={value !== undefined}
            sortDirection={sort?.column === id ? (sort.order === "asc" ? "ascending" : "descending") : undefined}
            onClick={value ? () => onSort(nextSort(sort, id)) : undefined}
          >
            {bare ? <span className="fc-sr">{header}</span> : header}
          </TableHeaderCell>
        ))}
      </TableRow>
    </TableHeader>
  );
}

function Rows<R>(props: Props<R> & { rows: readonly R[]; box: RefObject<HTMLElement | null> }): ReactNode {
  const { columns, rows, keyOf, rowClass, box } = props;
  const row = (index: number, measure?: Ref<HTMLTableRowElement>): ReactNode => {
    const shown = rows[index];
    if (shown === undefined) return null;
    return (
      <TableRow
        key={keyOf(shown)}
        role="row"
        aria-rowindex={index + 2}
        data-index={index}
        ref={measure}
        className={rowClass?.(shown)}
      >
        {columns.map((column) => (
          <Cell key={column.id} column={column} row={shown} />
        ))}
      </TableRow>
    );
  };
  if (rows.length <= MOST_DRAWN) return rows.map((_, index) => row(index));
  return (
    <Suspense fallback={<LoadingRows columns={columns} />}>
      <VirtualRows count={rows.length} columns={columns.length} box={box} row={row} />
    </Suspense>
  );
}

function Cell<R>({ column, row }: { column: Column<R>; row: R }): ReactNode {
  const classes = [
    column.align === "end" && "fc-end",
    column.main && "fc-main-cell",
    column.wideOnly && "fc-wide-only",
    column.bare && "fc-bare-cell",
  ];
  return (
    <TableCell
      role={column.main ? "rowheader" : "cell"}
      className={classes.filter(Boolean).join(" ") || undefined}
      data-label={column.bare || column.main ? undefined : column.header}
    >
      {column.cell(row)}
    </TableCell>
  );
}

function LoadingRows<R>({ columns }: { columns: readonly Column<R>[] }): ReactNode {
  return Array.from({ length: LOADING_ROWS }, (_, row) => (
    <TableRow key={row} role="row">
      {columns.map(({ id }) => (
        <TableCell key={id} role="cell">
          <Skeleton aria-label="Loading">
            <SkeletonItem />
          </Skeleton>
        </TableCell>
      ))}
    </TableRow>
  ));
}
