"""Health, and rollouts as they are read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.caches.health import HealthCache
from shared.core.errors import AzureBusy
from shared.core.ids import newest_first_id
from shared.core.states import HostState, RolloutState
from shared.models.rollouts import RolloutHost
from tests.fixtures.app import office, update


class TestHealth:
    """Works without a key, so it says little."""

    def test_an_unreachable_azure_is_reported(self) -> None:
        app = office()
        app.world.fail("host_pool", AzureBusy("x", None, "ConnectionError", "secret-host.local refused"))
        reply = app.send("GET", "/api/health")
        assert (reply.status, reply.json["checks"]) == (503, {"tables": "ok", "azure": "cannot be reached"})
        assert reply.headers["Retry-After"] == "10"
        assert app.send("GET", "/api/health").status == 503
        assert app.world.count("host_pool") == 1
        app.later(seconds=11)
        assert app.send("GET", "/api/health").status == 200

    def test_unreachable_tables_are_reported(self) -> None:
        app = office()
        app.tables.pools.failures["page"] = [OSError("no route to table.core")]
        reply = app.send("GET", "/api/health")
        assert reply.status == 503
        assert "route" not in reply.text
        assert reply.json["checks"] == {"tables": "cannot be read", "azure": "not asked: no pool can be read"}

    def test_the_first_pool_is_checked_although_health_was_read_just_before(self) -> None:
        app = office()
        pool = app.pool()
        app.tables.pools.remove(pool)
        assert app.send("GET", "/api/health").json["checks"]["azure"] == "not asked: no pool is registered"
        app.tables.pools.add(pool.model_copy(update={"etag": None}))
        app.later(seconds=1)
        assert app.send("GET", "/api/health").json["checks"]["azure"] == "ok"

    def test_nobody_waits_for_azure(self) -> None:
        waiting: list[Callable[[], None]] = []
        app = office(health=HealthCache(behind=waiting.append))
        reply = app.send("GET", "/api/health")
        assert (reply.status, reply.json["age_seconds"]) == (503, None)
        assert set(reply.json["checks"].values()) == {"not checked yet"}
        assert app.world.count("host_pool") == 0
        for _ in range(40):
            app.send("GET", "/api/health")
        assert len(waiting) == 1
        waiting.pop()()
        app.later(seconds=60)
        reply = app.send("GET", "/api/health")
        assert (reply.status, reply.json["age_seconds"]) == (200, 60)

    def test_a_check_that_hangs_is_told(self) -> None:
        waiting: list[Callable[[], None]] = []
        app = office(health=HealthCache(behind=waiting.append))
        app.send("GET", "/api/health")
        waiting.pop()()
        app.later(seconds=11)
        assert app.send("GET", "/api/health").status == 200
        app.later(seconds=31)
        reply = app.send("GET", "/api/health")
        assert (reply.status, reply.json["age_seconds"]) == (503, 42)
        assert set(reply.json["checks"].values()) == {"no answer"}

    def test_forty_strangers_are_answered_while_azure_hangs(self) -> None:
        go, app = threading.Event(), office(health=HealthCache())
        app.world.meanwhile("host_pool", lambda: go.wait(10))
        try:
            with ThreadPoolExecutor(40) as threads:
                asked = [threads.submit(app.send, "GET", "/api/health") for _ in range(40)]
                assert [answer.result(5).status for answer in asked] == [503] * 40
        finally:
            go.set()

    def test_the_state_of_this_moment_needs_a_key(self) -> None:
        app = office()
        app.send("GET", "/api/health")
        app.world.fail("host_pool", AzureBusy("x", None, "ConnectionError", "refused"))
        assert app.send("GET", "/api/health").status == 200
        assert app.send("GET", "/api/health/live").status == 503
        assert app.send("GET", "/api/health").status == 503
        assert app.send("GET", "/api/health?live=true").bad_fields == {"live"}


class TestRolloutReads:
    """The list from the rows alone; one with everything."""

    def test_rollouts_are_listed_newest_first_and_filtered(self) -> None:
        app = office()
        first = app.rollout(update(app).json["id"])
        app.tables.rollouts.replace(first.model_copy(update={"state": RolloutState.SUCCEEDED}))
        app.later(seconds=1)
        second = update(app).json["id"]

        def listed(query: str) -> list[str]:
            return [row["id"] for row in app.send("GET", f"/api/rollouts{query}").json["items"]]

        assert listed("") == [second, first.id]
        assert listed("?state=succeeded") == [first.id]
        assert listed("?pool=office&limit=1") == [second]

    def test_the_hosts_of_a_rollout_are_listed(self) -> None:
        app = office()
        rollout_id = update(app).json["id"]
        for name, state in (("a", HostState.DONE), ("b", HostState.FAILED)):
            app.tables.hosts.add(RolloutHost(rollout=rollout_id, host=name, vm_id=f"/{name}", state=state))
        hosts = app.send("GET", f"/api/rollouts/{rollout_id}/hosts").json["items"]
        assert [(host["host"], host["target"]) for host in hosts] == [("a", "2.0.0"), ("b", "2.0.0")]
        failed = app.send("GET", f"/api/rollouts/{rollout_id}/hosts?state=failed").json["items"]
        assert [host["host"] for host in failed] == ["b"]
        assert app.send("GET", f"/api/rollouts/{newest_first_id(app.now)}/hosts").status == 404
