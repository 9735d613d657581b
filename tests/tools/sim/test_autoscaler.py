"""The autoscaler: when it adds a host, and how it uses the app's answer. A fake HTTP server replaces the app."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.sim.listener import listen
from local.sim.testing import ControlRefusedError, Simulator
from tests.tools.sim.conftest import POOL, Operator, wait_for
from tests.tools.sim.listening_app import SLOW, App, burst, bursts, listening_app, results, settled, switch_on


@pytest.fixture
def app() -> Iterator[App]:
    with listening_app() as found:
        yield found


def fill(sim: Simulator, sessions: int) -> None:
    """Two hosts with a limit of two sessions each, and users."""
    sim.reset(**{**SLOW, "hosts": 2, "max_session_limit": 2})
    sim.control("POST", "arrive", {"count": sessions})


@pytest.mark.parametrize(("sessions", "free_share", "added"), [(3, 0.2, 0), (3, 0.3, 1), (4, 0.2, 1), (4, 0.0, 0)])
def test_a_host_is_added_when_too_little_capacity_is_free(
    sim: Simulator, app: App, sessions: int, free_share: float, added: int
) -> None:
    fill(sim, sessions)
    switch_on(sim, app, free_share=free_share)
    sim.advance(59)
    assert bursts(sim) == []
    sim.advance(1)
    assert settled(sim) == ["available"] * added
    assert [attempt["trigger"] for attempt in bursts(sim)] == ["load"] * added


def test_capacity_of_drained_hosts_does_not_count(sim: Simulator, app: App, operator: Operator) -> None:
    fill(sim, 2)
    switch_on(sim, app)
    sim.advance(60)
    assert bursts(sim) == []
    for host in ("office-0001", "office-0002"):
        operator.drain(host)
    sim.advance(60)
    assert settled(sim) == ["available"]


def test_a_host_being_added_counts_for_half_an_hour(sim: Simulator, app: App) -> None:
    fill(sim, 4)
    sim.faults({"kind": "never_registers", "match": "office-b001"})
    switch_on(sim, app)
    sim.advance(60)
    assert settled(sim) == ["registering"]
    sim.advance(1740)
    assert settled(sim) == ["registering"]
    sim.advance(120)
    assert settled(sim)[:2] == ["registering", "available"]


def test_hosts_are_added_one_a_minute_up_to_the_maximum(sim: Simulator, app: App) -> None:
    fill(sim, 4)
    switch_on(sim, app)
    switch_on(sim, app, free_share=1.0, max_hosts=4)
    for expected in (1, 2, 2):
        sim.advance(60)
        assert settled(sim) == ["available"] * expected
    with pytest.raises(ControlRefusedError, match="4 hosts of at most 4"):
        burst(sim)
    assert len(app.asked) == 2


def test_a_request_that_exceeds_the_maximum_adds_no_host_at_all(sim: Simulator, app: App) -> None:
    app.free.clear()
    switch_on(sim, app, max_hosts=6)
    assert burst(sim, 2) == ["office-b001", "office-b002"]
    with pytest.raises(ControlRefusedError, match="6 hosts of at most 6"):
        burst(sim)
    app.free.set()
    assert settled(sim) == ["available", "available"]


@pytest.mark.parametrize(
    ("status", "body", "result", "reason"),
    [
        (409, {"detail": "No version may be given."}, "refused", "409: No version may be given."),
        (404, b"gone", "refused", "404: Not Found"),
        (200, b"welcome", "no_answer", "the answer is not JSON"),
        (200, {"version": "1.0.0"}, "no_answer", "the answer has no version_id"),
        (200, ["1.0.0"], "no_answer", "the answer has no version_id"),
    ],
)
def test_without_a_version_no_host_is_added(
    sim: Simulator, app: App, status: int, body: Any, result: str, reason: str
) -> None:
    app.status, app.body = status, body
    switch_on(sim, app)
    burst(sim)
    assert settled(sim) == [result]
    (attempt,) = bursts(sim)
    assert (attempt["version"], attempt["reason"]) == (None, reason)
    assert len(sim.state(POOL)["hosts"]) == 4
    app.gives("1.0.0")
    assert burst(sim) == ["office-b002"]
    assert settled(sim) == [result, "available"]


def test_no_host_is_added_when_the_app_is_unreachable(sim: Simulator, app: App) -> None:
    gone = listen(0)
    app.url = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    gone.close()
    switch_on(sim, app)
    burst(sim)
    assert settled(sim) == ["no_answer"]
    assert len(sim.state(POOL)["hosts"]) == 4


def test_azure_serves_requests_while_the_app_is_slow(sim: Simulator, app: App) -> None:
    app.free.clear()
    switch_on(sim, app)
    burst(sim)
    wait_for(lambda: len(app.asked) == 1)
    start = time.monotonic()
    assert results(sim) == ["asking"]
    assert time.monotonic() - start < 5  # the app would take 10 s; a busy machine is no fault of the code


def test_each_pool_has_its_own_rule_and_names(sim: Simulator, app: App) -> None:
    sim.control("POST", "pools", {"name": "hp-lab", "hosts": 1, "version": "2.0.0"})
    switch_on(sim, app)
    switch_on(sim, app, pool="hp-lab", max_hosts=2)
    assert burst(sim, pool="hp-lab") + burst(sim) == ["lab-b001", "office-b001"]
    settled(sim)
    assert {host["host"] for host in sim.state("hp-lab")["hosts"]} == {"lab-0001", "lab-b001"}
    rules = sim.control("GET", "autoscaler")["rules"]
    assert [(rule["pool"], rule["max_hosts"], rule["free_share"]) for rule in rules] == [
        (POOL, 30, 0.2),
        ("hp-lab", 2, 0.2),
    ]


@pytest.mark.parametrize(("method", "path", "left"), [("PUT", "", 0), ("DELETE", "", 0), ("DELETE", "?pool=hp-lab", 1)])
def test_an_autoscaler_can_be_switched_off(sim: Simulator, app: App, method: str, path: str, left: int) -> None:
    sim.reset(**SLOW)
    sim.control("POST", "pools", {"name": "hp-lab", "hosts": 1, "max_session_limit": 1, "busy": 1.0})
    switch_on(sim, app)
    switch_on(sim, app, pool="hp-lab")
    assert httpx.request(method, f"{sim.base_url}/_sim/autoscaler{path}", content=b"null").status_code == 200
    assert len(sim.control("GET", "autoscaler")["rules"]) == left
    sim.advance(600)
    assert bursts(sim) == []
    with pytest.raises(ControlRefusedError, match="has no autoscaler"):
        burst(sim, pool="hp-lab")
    switch_on(sim, app, pool="hp-lab")
    sim.advance(60)
    assert settled(sim) == ["available"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pool": "hp-none"}, "does not exist"),
        ({"pool": "hp-personal"}, "personal"),
        ({"image_url": "file:///etc/hostname"}, "image_url"),
        ({"free_share": 1.5}, "free_share"),
        ({"max_host": 3}, "an autoscaler needs"),
        ({"max_hosts": "3"}, "not supported"),
    ],
)
def test_an_invalid_rule_is_refused(sim: Simulator, app: App, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ControlRefusedError, match=message):
        switch_on(sim, app, **change)
    assert sim.control("GET", "autoscaler")["rules"] == []


def test_a_reset_removes_rules_attempts_and_pending_answers(sim: Simulator, app: App) -> None:
    switch_on(sim, app)
    burst(sim)
    settled(sim)
    app.free.clear()
    burst(sim)
    wait_for(lambda: len(app.asked) == 2)
    sim.reset()
    assert (bursts(sim), sim.control("GET", "autoscaler")["rules"]) == ([], [])
    app.free.set()
    switch_on(sim, app)
    assert burst(sim) == ["office-b001"]
    assert settled(sim) == ["available"]
    assert len(sim.state(POOL)["hosts"]) == 5
