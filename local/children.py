"""Child processes that cannot outlive us, and ports."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")
_TAIL_LINES = 20
_STOP_SECONDS = 8.0


class StackError(Exception):
    """What stops the local stack, in one line for a person (and a log's tail, where there is one)."""


class Child:
    """A running command on the leash: it ends when `stop` is called, and when this process is gone."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LEASH), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,  # Ctrl-C is for the runner alone, which then stops its children in order
            )

    @property
    def running(self) -> bool:
        """Whether the command has not ended."""
        return self._process.poll() is None

    def let_go(self) -> None:
        """Ask the command to end, without waiting."""
        if self._process.stdin:
            self._process.stdin.close()

    def stop(self) -> None:
        """End the command and all it started; fine when it has ended already."""
        self.let_go()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


def wait_until(ready: Callable[[], bool], child: Child, *, seconds: float) -> None:
    """Return once `ready()`. Raises StackError with the log's tail when the child ends or the time is over."""
    end = time.monotonic() + seconds
    while not ready():
        if not child.running:
            raise StackError(f"{child.name} ended before it was ready. The end of {child.log}:\n{child.tail()}")
        if time.monotonic() > end:
            raise StackError(f"{child.name} was not ready in {seconds:.0f} s. The end of {child.log}:\n{child.tail()}")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a GET is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own URLs)
            return 200 <= int(response.status) < 300
    except (urllib.error.URLError, OSError):
        return False


def listens(port: int) -> bool:
    """Whether somebody accepts connections on this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def port_is_free(port: int) -> bool:
    """Whether we could listen on this port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
