"""The clock, simulated users, and logoff events."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.sim.core.clock import Clock
from local.sim.testing import Simulator
from tests.tools.sim.conftest import DEFAULTS, POOL, Operator, wait_for


def test_due_actions_run_in_order_each_at_its_own_time() -> None:
    clock = Clock(speed=0)
    seen: list[tuple[str, float]] = []

    def first() -> None:
        seen.append(("first", clock.now()))
        clock.after(5, lambda: seen.append(("follow-up", clock.now())))

    clock.after(20, lambda: seen.append(("second", clock.now())))
    clock.after(10, first)
    clock.advance(60)
    assert seen == [("first", 10), ("follow-up", 15), ("second", 20)]
    assert clock.now() == 60


def test_a_changed_speed_does_not_move_the_clock() -> None:
    clock = Clock(speed=1000)
    time.sleep(0.01)
    clock.set_speed(0)
    assert clock.now() >= 10
    assert clock.now() == clock.now()


def test_a_reimage_takes_its_virtual_minutes(sim: Simulator, operator: Operator) -> None:
    sim.reset(duration_scale=1.0, speed=1200.0)
    operator.drain("office-0001")
    start = sim.state()["virtual_seconds"]
    operator.reimage("office-0001")
    assert sim.state()["virtual_seconds"] - start >= 180


def busy_day(sim: Simulator, **options: Any) -> Any:
    sim.reset(**{"hosts": 10, "users": True, "busy": 0.8, "speed": 0.001, "work_minutes": 30.0, **options})
    sim.advance(8 * 3600)
    return sim.state(POOL)


def test_users_log_on_work_and_log_off(sim: Simulator) -> None:
    day = busy_day(sim)
    counters = day["counters"]
    assert counters["logons"] > 100
    assert counters["logoffs"] > 100
    assert counters["logons"] - counters["logoffs"] == sum(len(h["sessions"]) for h in day["hosts"])
    assert (day["turned_away"], day["violations"]) == (0, [])


def test_the_same_seed_gives_the_same_run(sim: Simulator) -> None:
    def essence(day: Any) -> Any:
        return [(h["host"], [s["user"] for s in h["sessions"]]) for h in day["hosts"]]

    first, again, other = (essence(busy_day(sim, seed=seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_full_pool_refuses_logons(sim: Simulator) -> None:
    day = busy_day(sim, hosts=2, max_session_limit=2, arrivals_per_minute=5.0)
    assert day["turned_away"] > 100
    assert max(len(h["sessions"]) for h in day["hosts"]) == 2


def test_no_session_is_placed_on_a_drained_or_stopped_host(sim: Simulator) -> None:
    day = busy_day(sim, hosts=5, powered_off=1, drained=1, busy=0.0, arrivals_per_minute=3.0, users=True)
    by_host = {h["host"]: len(h["sessions"]) for h in day["hosts"]}
    assert by_host["office-0004"] == by_host["office-0005"] == 0
    assert sum(by_host.values()) > 0


@pytest.mark.parametrize(("policy", "hosts_used"), [("BreadthFirst", 4), ("DepthFirst", 1)])
def test_the_broker_spreads_sessions_or_fills_hosts(sim: Simulator, policy: str, hosts_used: int) -> None:
    sim.reset(load_balancer=policy)
    sim.control("POST", "arrive", {"count": 4})
    assert sum(1 for h in sim.state(POOL)["hosts"] if h["sessions"]) == hosts_used


def test_with_users_off_a_busy_pool_stays_as_it_is(sim: Simulator) -> None:
    sim.reset(busy=1.0, speed=0.001)
    before = [h["sessions"] for h in sim.state(POOL)["hosts"]]
    sim.advance(86_400)
    assert [h["sessions"] for h in sim.state(POOL)["hosts"]] == before
    assert all(before)


Inbox = list[dict[str, Any]]


@pytest.fixture
def inbox() -> Iterator[tuple[str, Inbox]]:
    """A fake function host that only records requests."""
    received: Inbox = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/events/logoff", received
    server.shutdown()
    server.server_close()


def test_a_logoff_is_posted_by_the_guest(sim: Simulator, inbox: tuple[str, Inbox]) -> None:
    url, received = inbox
    sim.reset(**{**DEFAULTS, "events_url": url})
    number = sim.log_on("office-0001", "ann@contoso.com")
    sim.log_off("office-0001", "ann@contoso.com")
    wait_for(lambda: sim.state()["counters"]["events_posted"] == 1)
    (event,) = received
    assert event["host"] == "office-0001.contoso.local"
    assert (event["vm_id"], event["session_id"]) == (sim.host("office-0001")["vm_id"], number)
    assert set(event) == {"host", "vm_id", "session_id", "utc"}


def test_events_are_lost_or_duplicated_by_faults(sim: Simulator, inbox: tuple[str, Inbox]) -> None:
    url, received = inbox
    sim.reset(**{**DEFAULTS, "events_url": url})
    sim.faults({"kind": "lost_event", "match": "office-0001"}, {"kind": "duplicate_event", "match": "office-0002"})
    for host in ("office-0001", "office-0002"):
        sim.log_on(host, "ann@contoso.com")
        sim.log_off(host, "ann@contoso.com")
    wait_for(lambda: len(received) == 2)
    assert {e["host"] for e in received} == {"office-0002.contoso.local"}
    counters = sim.state()["counters"]
    assert (counters["events_lost"], counters["events_duplicated"]) == (1, 1)


def test_events_that_cannot_be_posted_are_counted(sim: Simulator) -> None:
    sim.reset(**{**DEFAULTS, "events_url": "http://127.0.0.1:9/api/events/logoff"})
    sim.log_on("office-0001", "ann@contoso.com")
    sim.log_off("office-0001", "ann@contoso.com")
    wait_for(lambda: sim.state()["counters"]["events_failed"] == 1)
