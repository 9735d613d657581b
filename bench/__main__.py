"""`make bench`: runs all measurements or those in BENCH, prints tables, and writes `bench/results.json`."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.machine import describe_machine
from bench.rows import Row, missed
from local.stack.processes import bypass_proxies
from local.stack.stack import stop_on_signals

PARTS = (
    "cold",
    "package",
    "planner",
    "arm_calls",
    "logoff",
    "api",
    "viewers",
    "engine",
    "vs_direct",
    "vs_fanout",
    "floor",
    "outcome",
)
"""The measuring modules, the quick ones first. Each has a function `run() -> list[Row]`."""
RESULTS = Path(__file__).with_name("results.json")
_INTERRUPTED = 130


def main() -> int:
    """Return 0 for any measured values, 2 for an unknown part, 130 when interrupted."""
    chosen = os.environ.get("BENCH", "").replace(",", " ").split() or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        print(f"BENCH: unknown part {', '.join(unknown)}; known parts: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    bypass_proxies()
    stop_on_signals()
    console = Console()
    console.print(describe_machine(), highlight=False)
    try:
        for name in chosen:
            _measure(name, console)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _measure(name: str, console: Console) -> None:
    """Measure one part, save its results and print them, so that an interruption loses only later parts."""
    began = time.monotonic()
    with console.status(f"measuring {name}"):
        rows: list[Row] = importlib.import_module(f"bench.{name}").run()
    keep(rows, name, RESULTS)
    console.print(table(name, rows, time.monotonic() - began))


def table(name: str, rows: list[Row], seconds: float) -> Table:
    """The results of a part as a table for the terminal."""
    failed = len(missed(rows))
    text = f"{failed} missed" if failed else "all targets met"
    made = Table(title=f"{name} ({text}; measured in {seconds:.0f} s)", title_justify="left")
    for heading in ("figure", "value", "unit", "target", ""):
        made.add_column(heading, justify="right" if heading in {"value", "target"} else "left")
    for row in rows:
        reach = "" if row["reach"] is None else f"{row['reach']:g}"
        value = f"{row['value']:g}" if isinstance(row["value"], int | float) else str(row["value"] or "")
        met = {True: "met", False: "MISSED", None: ""}[row["met"]]
        made.add_row(str(row["figure"]), value, str(row["unit"]), reach, met)
    return made


def keep(rows: list[Row], name: str, path: Path) -> None:
    """Replace the saved results of one part. The results of other parts are unchanged."""
    known: list[Row] = json.loads(path.read_text()) if path.exists() else []
    kept = [row for row in known if row["name"] != name] + rows
    kept.sort(key=lambda row: PARTS.index(row["name"]))
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
