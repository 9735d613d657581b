"""No lock is held while the tables, Azure, Graph or the engine are asked: nobody waits for somebody else's answer."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest
from azure.core.pipeline.transport import HttpTransport

import shared.views.health
import shared.wiring
from shared.azure.clients import ArmClients
from shared.azure.graph.client import GraphClient
from shared.azure.rest import HOST_POOLS, read
from shared.caches.health import HealthCache
from shared.caches.host_rows import HostRowCache
from shared.caches.logoff_hints import LogoffHints
from shared.caches.plans import PlanCache
from shared.caches.poll_estimates import PollEstimator
from shared.caches.read_through import ReadThroughCache
from shared.caches.snapshots import SnapshotCache
from shared.core.arm_ids import parse
from shared.core.settings import Settings
from shared.core.single_flight import SingleFlight
from shared.rollouts.hosts.runner import run_host_steps
from shared.rollouts.reconcile.reconcile import reconcile
from shared.services import Services
from tests.fixtures.app import WHAT_IF, App, office, update
from tests.fixtures.fakes.engine import FakeEngine
from tests.fixtures.services import services_of
from tests.fixtures.world.azure import HOST_POOL_ID
from triggers.timers import take_up

_held = threading.local()


class TrackedLock:
    """A lock that knows how many such locks its thread holds."""

    def __init__(self) -> None:
        self._lock = _real_lock()

    def __enter__(self) -> bool:
        self._lock.acquire()
        _held.count = held() + 1
        return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _held.count -= 1
        self._lock.release()


_real_lock = threading.Lock


def held() -> int:
    """How many locks of the app this thread holds."""
    return getattr(_held, "count", 0)


asked: list[str] = []


def asks(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, which must not be called with a lock."""

    def called(*given: Any, **named: Any) -> Any:
        assert not held(), f"{name} is called while a lock is held"
        asked.append(name)
        return method(*given, **named)

    return called


@pytest.fixture(autouse=True)
def _tracked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked.clear()
    for name, module in list(sys.modules.items()):
        if name.startswith(("shared.", "triggers.")) and getattr(module, "Lock", None) is _real_lock:
            monkeypatch.setattr(module, "Lock", TrackedLock)
    monkeypatch.setattr(shared.views.health, "_flight", SingleFlight())


class Worker(App):
    """An app whose caches are there, with tracked locks, and whose world, tables and engine must not meet one."""

    def watch(self) -> Services:
        """The services of this worker from now on."""
        for table in vars(self.tables).values():
            for method in ("find", "all", "since", "every", "page", "_write", "remove"):
                setattr(table, method, asks(f"table {method}", getattr(table, method)))
        self.world.called = asks("Azure", self.world.called)  # type: ignore[method-assign]
        for method in (name for name in dir(FakeEngine) if name.endswith(("_alive", "_rollout", "_host", "_task"))):
            setattr(self.engine, method, asks("engine", getattr(self.engine, method)))
        made = services_of(
            self.settings, lambda: self.now, self.tables, self.world,
            poll_estimates=PollEstimator(), snapshots=SnapshotCache(), host_rows=HostRowCache(),
            read_cache=ReadThroughCache(time.monotonic), plans=PlanCache(time.monotonic),
            health=HealthCache(behind=lambda check: check()), logoff_hints=LogoffHints(),
        )  # fmt: skip
        for cache in (made.health, made.logoff_hints):
            cache._lock = TrackedLock()  # type: ignore[assignment]
        type(self).services = property(lambda _: made)  # type: ignore[assignment, misc]
        return made


def test_no_request_pass_or_step_holds_a_lock_over_io() -> None:
    app = office()
    app.__class__ = Worker
    assert isinstance(app, Worker)
    services = app.watch()
    for path in (
        "health",
        "health/live",
        "pools",
        "pools/office",
        "pools/office/hosts",
        "pools/office/image",
        "images",
    ):
        assert app.send("GET", f"/api/{path}").status in {200, 503}, path
    assert app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": {"mode": "now"}}).status == 200
    rollout = update(app).json["id"]
    for path in (f"rollouts/{rollout}", f"rollouts/{rollout}/hosts", "rollouts", "tasks"):
        assert app.send("GET", f"/api/{path}").status == 200, path
    reconcile(services, app.engine, {"rollout": rollout, "run": 1})
    assert (
        app.send("POST", "/api/events/logoff", {"host": "h1.contoso.local", "utc": app.now.isoformat()}).status == 202
    )
    for given in sorted(app.engine.hosts):
        run_host_steps(services, app.engine, dict(zip(("rollout", "host", "run"), given, strict=True)))
    app.later(minutes=2)
    take_up(services, app.engine)
    assert {"Azure", "engine", "table find", "table all", "table page", "table _write"} <= set(asked)
    assert isinstance(services.snapshots._lock, TrackedLock)


class Answers(HttpTransport[Any, Any]):
    """Takes every call to Azure or Graph, which must not come with a lock."""

    def send(self, request: Any, **_: Any) -> Any:
        asks("connection", lambda: None)()
        raise ConnectionError(request.url)

    def open(self) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Any: ...
    def __exit__(self, *_: object) -> None: ...


def test_the_clients_hold_none_over_a_call_or_a_token() -> None:
    settings = Settings(tables_connection="x", arm_endpoint="http://127.0.0.1", graph_endpoint="http://127.0.0.1")
    for call in (
        lambda: read(ArmClients(settings, transport=Answers()), "read", HOST_POOLS, parse(HOST_POOL_ID)),
        lambda: list(GraphClient(settings, transport=Answers()).listed("read", "devices")),
    ):
        with pytest.raises(ConnectionError):
            call()  # type: ignore[no-untyped-call]
    assert asked == ["connection"] * 2


def test_opening_the_tables_holds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.wiring, "_flight", SingleFlight())
    monkeypatch.setattr(shared.wiring, "_services", asks("open the tables", lambda: None))
    shared.wiring.services()
    assert asked == ["open the tables"]
