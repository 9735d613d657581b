import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useRef, type RefObject } from "react";

/** From this many rows on, only those in view are drawn. */
const MOST_DRAWN = 200;
const USUAL_HEIGHT = 45;

export interface VirtualRows {
  box: RefObject<HTMLDivElement | null>;
  /** The rows to draw. */
  indexes: readonly number[];
  /** Pixels of the rows above and below them. */
  before: number;
  after: number;
  measure: ((row: HTMLTableRowElement | null) => void) | undefined;
}

export function useVirtualRows(count: number): VirtualRows {
  const box = useRef<HTMLDivElement>(null);
  const virtual = count > MOST_DRAWN;
  const rows = useWindowVirtualizer({
    count: virtual ? count : 0,
    estimateSize: () => USUAL_HEIGHT,
    overscan: 12,
    scrollMargin: box.current?.offsetTop ?? 0,
  });
  if (!virtual) {
    return {
      box,
      indexes: Array.from({ length: count }, (_, index) => index),
      before: 0,
      after: 0,
      measure: undefined,
    };
  }
  const items = rows.getVirtualItems();
  const margin = rows.options.scrollMargin;
  return {
    box,
    indexes: items.map(({ index }) => index),
    before: (items[0]?.start ?? margin) - margin,
    after: rows.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin),
    measure: rows.measureElement,
  };
}
