"""The stack of the chaos tests: two function hosts on the same tables, each behind an unreliable proxy of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from local.stack.azurite import Azurite, connection_at
from local.stack.options import StackOptions
from local.stack.processes import Child, answers, free_port
from tests.end_to_end.conftest import Freshcoat
from tests.fixtures.unreliable_proxy import NONE, Trouble, UnreliableProxy

QUICKLY = {
    "FRESHCOAT_RECONCILE_GAP": "0.3",
    "FRESHCOAT_OPERATION_POLL": "0.1",
    "FRESHCOAT_AZURE_PAUSE": "0.5",
    "FRESHCOAT_RESUME_AFTER": "2",
    "FRESHCOAT_RESUME_SCHEDULE": "*/2 * * * * *",
}
"""Settings without long pauses. The time limits of the steps are kept, so that a busy machine fails no host."""
SPEED = 2_000.0
STARTS_IN = 90.0
"""Seconds in which a function host must start, also on a busy machine."""
CLIENT_TIMEOUT = 60.0


@dataclass(frozen=True)
class Answer:
    """A request to the app and what came of it. `status` is 0 and `text` the error when there was no answer."""

    host: int
    request: str
    began: float
    seconds: float
    status: int
    text: str
    retry_after: str = ""

    def __str__(self) -> str:
        took = f"{self.began:.2f}, {self.seconds:.1f} s"
        return f"{took}: {self.request} at host {self.host}: {self.status} {self.text[:300]}"


@dataclass
class FunctionHost:
    """One of the two function hosts. `down`: when it was killed and when it answered again, by the monotonic clock."""

    number: int
    name: str
    port: int
    proxy: UnreliableProxy
    child: Child
    down: list[tuple[float, float]] = field(default_factory=list)
    killed_at: float | None = None

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"http://localhost:{self.port}/api"

    def was_down(self, began: float, ended: float) -> bool:
        """Whether it was down at any time between the two moments."""
        intervals = [*self.down, *([(self.killed_at, ended)] if self.killed_at else [])]
        return any(since <= ended and began <= until for since, until in intervals)


class ChaosStack(Freshcoat):
    """Two function hosts, Azurite and the simulated Azure."""

    def __init__(self, directory: Path) -> None:
        options = StackOptions(
            port=free_port(), sim_port=free_port(), hosts=2, speed=SPEED, directory_override=directory
        )
        super().__init__(options, QUICKLY)
        self.hosts: list[FunctionHost] = []
        self.answers: list[Answer] = []
        """Every request since `forget_answers`."""
        self._proxies: list[UnreliableProxy] = []
        self._calls = httpx.Client(timeout=CLIENT_TIMEOUT, limits=httpx.Limits(max_keepalive_connections=0))

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            first = next(child for child in self._children if child.name == "Function host")
            self.hosts = [
                FunctionHost(0, "Function host", self.options.port, self._proxies[0], first),
                FunctionHost(1, "Second function host", free_port(), self._proxies[1], first),
            ]
            self.hosts[1].killed_at = time.monotonic()
            self._start_function_host(self.hosts[1])
            self.await_all()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        super().__exit__(kind, error, at)
        self._calls.close()
        for proxy in self._proxies:
            proxy.close()

    def connection_to(self, azurite: Azurite) -> str:
        """The first host's connection; the second has a proxy of its own."""
        azurite.wait()
        self._proxies = [UnreliableProxy(azurite.port) for _ in range(2)]
        return connection_at(self._proxies[0].port)

    def call(self, host: int, method: str, path: str, body: Any = None) -> httpx.Response | None:
        """A request to one of the hosts, recorded in `answers`. None when no answer came."""
        began = time.monotonic()
        request = f"{method} {path}"
        try:
            answer = self._calls.request(method, f"{self.hosts[host].url}{path}", json=body)
        except httpx.TransportError as error:
            self.answers.append(Answer(host, request, began, time.monotonic() - began, 0, repr(error)))
            return None
        seconds, wait = time.monotonic() - began, answer.headers.get("Retry-After", "")
        self.answers.append(Answer(host, request, began, seconds, answer.status_code, answer.text, wait))
        return answer

    def trouble(self, *troubles: Trouble) -> None:
        """What the proxies do from now on, first host first; without arguments nothing."""
        for number, proxy in enumerate(self._proxies):
            proxy.set(troubles[number] if troubles else NONE)

    def kill_and_start(self, number: int) -> None:
        """kill -9 a function host and start it again, without waiting until it answers."""
        host = self.hosts[number]
        if host.killed_at is None:
            host.killed_at = time.monotonic()
            self.kill(host.name, host.port)
            self._start_function_host(host)

    def await_all(self) -> None:
        """Wait until both function hosts answer."""
        end = time.monotonic() + STARTS_IN
        for host in self.hosts:
            while host.killed_at is not None:
                host.child.check()
                assert time.monotonic() < end, f"{host.name} does not answer:\n{host.child.tail()}"
                if answers(f"{host.url}/health"):
                    host.down.append((host.killed_at, time.monotonic()))
                    host.killed_at = None
                time.sleep(0.05)

    def _start_function_host(self, host: FunctionHost) -> None:
        settings = self.settings() | {"FRESHCOAT_TABLES_CONNECTION": connection_at(host.proxy.port)}
        arguments = ["-m", "local.host", "--app", str(self._app), "--port", str(host.port)]
        name = f"host-{host.number}-{len(host.down)}"  # each start has a log of its own
        host.child = self._python(host.name, name, arguments, settings)
