"""`python -m local run` and `python -m local demo`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from local.demo.run import demo
from local.run import run
from local.stack.options import StackOptions
from local.stack.processes import StackError, bypass_proxies
from local.stack.stack import stop_on_signals

_INTERRUPTED = 130
_PLAYS = {"run": (run, 60.0), "demo": (demo, 180.0)}
"""What there is, and how fast its simulated world goes: a person tries things, the demo shows a working day."""


def main() -> int:
    """The exit code: 0 when all went well, 1 with a line that says what did not, 130 when a demo was broken off."""
    arguments = _arguments()
    bypass_proxies()
    stop_on_signals(arguments.parent)
    console = Console()
    try:
        play, speed = _PLAYS[arguments.what]
        return play(StackOptions.read(os.environ, kept_in=arguments.directory, speed=speed), console)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.print("\nEverything has ended.")
        return 0 if arguments.what == "run" else _INTERRUPTED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Freshcoat on one machine. PORT, SIM_PORT, SIM_HOSTS, SIM_SPEED and SIM_SEED change it.",
    )
    parser.add_argument("what", choices=list(_PLAYS), help="run: until Ctrl-C; demo: make an image, publish it and end")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="end when this, our parent, has ended")
    parser.add_argument("--directory", type=Path, help="where logs and tables go (.local, or .local/port-N)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
