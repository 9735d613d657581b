"""`python -m bench.outcome`: measures all cases, and prints a table."""

from __future__ import annotations

from time import monotonic

from bench.outcome.report import measure_all, rows, table


def main() -> None:
    """Print the table, the figures with targets, and the duration."""
    began = monotonic()
    found = measure_all()
    print(table(found))
    print()
    for row in rows(found):
        if row["reach"] is not None:
            print(f"{'met ' if row['met'] else 'MISSED'}  {row['figure']}: {row['value']}")
    print(f"\n{monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
