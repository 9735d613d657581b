import { useWindowVirtualizer } from "@tanstack/react-virtual";
import type { ReactNode, Ref, RefObject } from "react";

/** In pixels. */
const USUAL_HEIGHT = 45;

interface Props {
  /** Rows, and columns of each. */
  count: number;
  columns: number;
  /** What the table is in. */
  box: RefObject<HTMLElement | null>;
  row: (index: number, measure: Ref<HTMLTableRowElement>) => ReactNode;
}

/** The rows in view of a long table, between two gaps that stand for the others. */
export function VirtualRows({ count, columns, box, row }: Props): ReactNode {
  const rows = useWindowVirtualizer({
    count,
    estimateSize: () => USUAL_HEIGHT,
    overscan: 12,
    scrollMargin: box.current?.offsetTop ?? 0,
  });
  const items = rows.getVirtualItems();
  const margin = rows.options.scrollMargin;
  const before = (items[0]?.start ?? margin) - margin;
  const after = rows.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin);
  return (
    <>
      {before > 0 && <Gap height={before} columns={columns} />}
      {items.map(({ index }) => row(index, rows.measureElement))}
      {after > 0 && <Gap height={after} columns={columns} />}
    </>
  );
}

/** Keeps the place of the rows that are out of view. */
function Gap({ height, columns }: { height: number; columns: number }): ReactNode {
  return (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
}
