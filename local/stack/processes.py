"""Child processes that cannot outlive us, and ports."""

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
    """What stops the local stack, in one line for a person (and a log's tail, where there is one)."""


class Child:
    """A running command on the leash: it ends when `stop` is called, and when this process is gone."""

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
                start_new_session=True,  # Ctrl-C is for the runner alone, which then stops its children in order
            )

    @property
    def leash(self) -> int:
        """Id of the process that holds the command: the command is its one child."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the command has not ended."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raises StackError with the log's tail when the command has ended."""
        if not self.running:
            raise StackError(f"{self.name} has ended. The end of {self.log}:\n{self.tail()}")

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
        child.check()
        if time.monotonic() > end:
            raise StackError(f"{child.name} was not ready in {seconds:.0f} s. The end of {child.log}:\n{child.tail()}")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a GET is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own URLs)
            return 200 <= int(response.status) < 300
    except OSError:
        return False


def bypass_proxies() -> None:
    """Keep this process and its children from asking a proxy for what runs on this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join([*hosts, "localhost", "127.0.0.1"])


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody accepts connections on this port of loopback."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def port_is_taken(port: int) -> bool:
    """Whether somebody listens on this port, also on IPv6 only: `localhost` may mean either."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections linger, and do no harm
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return listens(port) or listens(port, "::1")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
