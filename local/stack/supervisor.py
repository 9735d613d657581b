"""Runs a command, and stops it with all processes that it started when standard input closes.

`python supervisor.py COMMAND…` runs between the stack and each of its children. The stack holds the write end of
the pipe. Closing it stops the child. The operating system also closes it when the stack ends, even after kill -9.
This file uses the standard library only, so that it starts quickly.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 4.0
"""Time between asking the command to end and killing it."""


def main(command: list[str]) -> int:
    """Run the command in its own process group, and return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # only the pipe stops us; SIG_IGN would be inherited by the child
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    threading.Thread(target=_stop_when_pipe_closes, args=(child,), daemon=True).start()
    code = child.wait()
    _kill_group(child)
    return code if code >= 0 else 128 - code


def _stop_when_pipe_closes(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Kill the processes that are left in the command's group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS returns EPERM for a dead group
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
