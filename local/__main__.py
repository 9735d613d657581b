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
_COMMANDS = {"run": (run, 60.0), "demo": (demo, 180.0)}
"""Each command with the speed of its simulated clock. The demo runs faster because it needs no time for typing."""


def main() -> int:
    """Return the exit code: 0 for success, 1 for an error (printed in one line), 130 for an interrupted demo."""
    arguments = _arguments()
    bypass_proxies()
    stop_on_signals(arguments.parent)
    console = Console()
    try:
        command, speed = _COMMANDS[arguments.what]
        options = StackOptions.read(os.environ, directory_override=arguments.directory, speed=speed)
        return command(options, console)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.print("\nAll processes have stopped.")
        return 0 if arguments.what == "run" else _INTERRUPTED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Run Freshcoat on one machine. Settings: PORT, SIM_PORT, SIM_HOSTS, SIM_SPEED and SIM_SEED.",
    )
    parser.add_argument("what", choices=list(_COMMANDS), help="run: until Ctrl-C; demo: update all hosts once and exit")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="exit when this parent process has ended")
    parser.add_argument("--directory", type=Path, help="folder for logs and tables (.local, or .local/port-N)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
