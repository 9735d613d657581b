"""Runs a command and ends it, with all it has started, when standard input closes.

`python leash.py COMMAND…` stands between the runner and each of its children. The runner holds the other end
of the pipe: closing it stops the child, and so does the runner's end, even by kill -9, because the system
closes it then. Standard library only, and no import of ours: it must start at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 4.0
"""Between asking the command to end and killing it."""


def main(command: list[str]) -> int:
    """Run the command in a process group of its own; the answer is its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # the pipe is the one way to stop us; not ignored, children inherit that
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    threading.Thread(target=_stop_when_let_go, args=(child,), daemon=True).start()
    code = child.wait()
    _kill_group(child)
    return code if code >= 0 else 128 - code


def _stop_when_let_go(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """End what is left of the command and of what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says "not permitted" of a dead group
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
