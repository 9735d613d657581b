"""`make bench`: measure everything, or the parts named in BENCH; print a table, write `bench/results.json`."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.machine import described
from bench.rows import Row, missed
from local.stack.processes import bypass_proxies
from local.stack.stack import stop_on_signals

PARTS = ("cold", "planner", "arm_calls", "logoff", "api", "engine", "vs_direct", "vs_fanout", "floor", "outcome")
"""The modules of this package that measure; each has `run() -> list[Row]`. The quick ones come first."""
RESULTS = Path(__file__).with_name("results.json")
_INTERRUPTED = 130


def main() -> int:
    """0 whatever the numbers are; 2 for a part that does not exist; 130 when it was broken off."""
    chosen = os.environ.get("BENCH", "").replace(",", " ").split() or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        print(f"BENCH: there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    bypass_proxies()
    stop_on_signals()
    console = Console()
    console.print(described(), highlight=False)
    try:
        for name in chosen:
            _measure(name, console)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _measure(name: str, console: Console) -> None:
    """Measure one part, show it and keep it: what comes after it may be broken off."""
    began = time.monotonic()
    with console.status(f"measuring {name}"):
        rows: list[Row] = importlib.import_module(f"bench.{name}").run()
    keep(rows, name, RESULTS)
    console.print(table(name, rows, time.monotonic() - began))


def table(name: str, rows: list[Row], seconds: float) -> Table:
    """The figures of a part for a terminal."""
    failed = len(missed(rows))
    text = f"{failed} not reached" if failed else "all reached"
    made = Table(title=f"{name} ({text}; measured in {seconds:.0f} s)", title_justify="left")
    for heading in ("figure", "value", "unit", "reach", ""):
        made.add_column(heading, justify="right" if heading in {"value", "reach"} else "left")
    for row in rows:
        reach = "" if row["reach"] is None else f"{row['reach']:g}"
        value = f"{row['value']:g}" if isinstance(row["value"], int | float) else str(row["value"] or "")
        met = {True: "met", False: "MISSED", None: ""}[row["met"]]
        made.add_row(str(row["figure"]), value, str(row["unit"]), reach, met)
    return made


def keep(rows: list[Row], name: str, path: Path) -> None:
    """Put the figures of a part in the place of its former ones; those of other parts stay."""
    known: list[Row] = json.loads(path.read_text()) if path.exists() else []
    kept = [row for row in known if row["name"] != name] + rows
    kept.sort(key=lambda row: PARTS.index(row["name"]))
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
