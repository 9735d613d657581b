/** Sorting of rows. Pure. */

export interface Sort {
  column: string;
  order: "asc" | "desc";
}

type Value = string | number | boolean | null | undefined;

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** The rows in order. Nothing known comes last, in both orders; equal rows keep theirs. */
export function sorted<R>(rows: readonly R[], valueOf: (row: R) => Value, order: Sort["order"]): R[] {
  const sign = order === "asc" ? 1 : -1;
  return [...rows].sort((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)];
    if (isUnknown(a) || isUnknown(b)) return Number(isUnknown(a)) - Number(isUnknown(b));
    return sign * (typeof a === "string" && typeof b === "string" ? collator.compare(a, b) : Number(a) - Number(b));
  });
}

function isUnknown(value: Value): value is null | undefined | "" {
  return value === null || value === undefined || value === "";
}

/** After a press on a column's header: upwards, downwards. */
export function nextSort(sort: Sort | null, column: string): Sort {
  return { column, order: sort?.column === column && sort.order === "asc" ? "desc" : "asc" };
}
