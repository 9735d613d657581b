"""Child processes that end with this process, and helpers for ports."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_TAIL_LINES = 20
_STOP_SECONDS = 8.0


class StackError(Exception):
    """An error that stops the local stack: one line for the user, and the end of a log where one exists."""


class Child:
    """A command run by a supervisor process. It ends on `stop`, and also when this process ends in any way."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SUPERVISOR), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,  # so that Ctrl-C reaches only this process, which stops its children in order
            )

    @property
    def supervisor(self) -> int:
        """The id of the supervisor process. The command is its only child."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the command is still running."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raises StackError with the end of the log when the command has ended."""
        if not self.running:
            raise StackError(f"{self.name} has ended. The end of {self.log}:\n{self.tail()}")

    def request_stop(self) -> None:
        """Ask the command to end, without waiting for it."""
        if self._process.stdin:
            self._process.stdin.close()

    def stop(self) -> None:
        """Stop the command and all processes that it started. Does nothing when it has ended already."""
        self.request_stop()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


def wait_until(ready: Callable[[], bool], child: Child, *, seconds: float) -> None:
    """Wait until `ready()` is true. Raises StackError with the end of the log when the child ends or time runs out."""
    end = time.monotonic() + seconds
    while not ready():
        child.check()
        if time.monotonic() > end:
            limit = f"{child.name} was not ready within {seconds:.0f} s"
            raise StackError(f"{limit}. The end of {child.log}:\n{child.tail()}")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a GET request returns a success status."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own URLs)
            return 200 <= int(response.status) < 300
    except OSError:
        return False


def bypass_proxies() -> None:
    """Exclude this machine from the proxy settings of this process and its children."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join([*hosts, "localhost", "127.0.0.1"])


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a process accepts connections on this loopback port."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def port_is_taken(port: int) -> bool:
    """Whether the port is in use. IPv6 counts too, because `localhost` may mean either address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return listens(port) or listens(port, "::1")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
