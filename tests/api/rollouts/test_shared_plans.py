"""What many clients ask at once costs Azure one reading, and only a few plans are made at a time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from shared.caches.plans import MOST_AT_ONCE, PlanCache
from tests.fixtures.app import NOW, WHAT_IF, App, office
from tests.tools.local_host.running import eventually

BODY = {"version": "2.0.0", "schedule": NOW}
PATHS = {WHAT_IF: BODY, "/api/rollouts?what_if=true": BODY | {"pools": ["office"]}}


def answers(app: App, path: str, body: object, clients: int) -> list[int]:
    """The statuses of so many clients, who all ask while the first one's plan is being made."""
    go = threading.Event()
    app.world.meanwhile("session_hosts", lambda: go.wait(10))
    with ThreadPoolExecutor(clients) as threads:
        asked = [threads.submit(app.send, "POST", path, body) for _ in range(clients)]
        eventually(lambda: app.world.count("session_hosts") >= 1)
        time.sleep(0.3)
        go.set()
        return [answer.result(10).status for answer in asked]


def test_sixteen_clients_cost_one_reading() -> None:
    for path, body in PATHS.items():
        alone, together = office(), office()
        assert alone.send("POST", path, body).status == 200
        assert answers(together, path, body, 16) == [200] * 16
        for call in ("host_pool", "session_hosts", "machines"):
            assert together.world.count(call) == alone.world.count(call), call


def test_a_plan_is_used_for_a_moment() -> None:
    clock = [0.0]
    app = office(plans=PlanCache(lambda: clock[0]))
    app.send("POST", WHAT_IF, BODY)
    read = app.world.count("session_hosts")
    assert app.send("POST", WHAT_IF, BODY).status == 200
    assert app.world.count("session_hosts") == read
    assert app.send("POST", WHAT_IF, BODY | {"reason": "another"}).status == 200
    assert app.world.count("session_hosts") == 2 * read
    clock[0] += 1
    app.send("POST", WHAT_IF, BODY)
    assert app.world.count("session_hosts") == 3 * read


def test_few_plans_are_made_at_a_time() -> None:
    plans, go, most, now = PlanCache(), threading.Event(), [0], [0]
    lock = threading.Lock()

    def make() -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        go.wait(5)
        with lock:
            now[0] -= 1
        return 1

    with ThreadPoolExecutor(16) as threads:
        asked = [threads.submit(plans.get, number, make) for number in range(16)]
        eventually(lambda: now[0] == MOST_AT_ONCE)
        time.sleep(0.2)
        go.set()
        assert sum(answer.result(5) for answer in asked) == 16
    assert most[0] == MOST_AT_ONCE
