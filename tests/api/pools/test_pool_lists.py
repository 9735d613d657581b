"""The list of pools: filters, order, pages, and without a read from Azure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.api.lists.pools import PoolsQuery
from shared.caches.read_through import ReadThroughCache
from shared.core.errors import AzureBusy
from shared.core.states import RolloutState
from shared.models.access.roles import ALL_ACCOUNTS
from shared.models.accounts import Account
from shared.models.policy import PolicyOverrides
from shared.models.pools import EntraJoin, Pool, Ring
from shared.models.rollout_parts import LastPass, Progress
from shared.models.windows import Window
from shared.pools.watch import watch_pools
from shared.records.pool_looks import LOOKED_AT_EVERY, MOST_AT_ONCE, look_at_pools
from shared.services import LOOKS
from shared.views import pool_lists
from tests.fixtures.app import App, change_pool, office, update
from tests.fixtures.world.azure import HOST_POOL_ID

LIVELESS = "/api/pools?live=false"


def add(app: App, name: str, **fields: Any) -> None:
    """One more pool, with a host pool of its own."""
    host_pool = HOST_POOL_ID.replace("hp-office", f"hp-{name}")
    app.world.add_pool(host_pool)
    given = {"account": "default", "image": "win11", "version": "1.0.0", "time_zone": "UTC"} | fields
    app.tables.pools.add(
        Pool(name=name, host_pool_id=host_pool, join=EntraJoin(kind="entra"), registered_at=app.now, **given)
    )


def names(app: App, query: str = "") -> list[str]:
    return [pool["name"] for pool in app.send("GET", LIVELESS + query).json["items"]]


def several() -> App:
    app = office()
    app.tables.accounts.add(Account(name="contoso", created_at=app.now))
    add(app, "hr", ring=Ring.TEST, version="2.0.0")
    add(app, "sales", account="contoso", ring=Ring.PILOT, version="10.0.0")
    add(app, "spare", version=None)
    look_at_pools(app.services)
    return app


def one(app: App, name: str = "office") -> Any:
    (found,) = [pool for pool in app.send("GET", LIVELESS).json["items"] if pool["name"] == name]
    return found


class TestWithoutAzure:
    def test_two_hundred_pools_are_listed_without_a_call_to_azure(self) -> None:
        app = office()
        for number in range(199):
            add(app, f"p{number:03d}")
        while look_at_pools(app.services):
            pass
        before = len(app.world.calls)
        listed = app.send("GET", f"{LIVELESS}&limit=200").json
        assert (len(listed["items"]), listed["continuation"]) == (200, None)
        assert len(app.world.calls) == before
        assert all(pool["seen_at"] for pool in listed["items"])

    def test_numbers_are_those_of_the_last_look(self) -> None:
        app = office()
        assert one(app)["seen_at"] is None
        assert one(app)["hosts"] is None
        app.world.add_host("off.contoso.local", status="Shutdown", power="deallocated")
        app.world.add_host("ill.contoso.local", status="Unavailable", version="2.0.0")
        look_at_pools(app.services)
        seen = app.now
        app.world.add_host("later.contoso.local")
        app.later(minutes=5)
        shown = one(app)
        assert shown["seen_at"] == seen.isoformat().replace("+00:00", "Z")
        numbers = {name: shown[name] for name in ("hosts", "sessions", "accepting", "unhealthy", "behind")}
        assert numbers == {"hosts": 5, "sessions": 3, "accepting": 3, "unhealthy": 1, "behind": 1}
        assert shown["hosts_per_version"] == {"1.0.0": 4, "2.0.0": 1}

    def test_a_pass_of_a_rollout_is_a_look_too(self) -> None:
        app = office()
        look_at_pools(app.services)
        rollout_id = update(app).json["id"]
        app.later(minutes=1)
        row = app.rollout(rollout_id)
        last = LastPass(
            at=app.now,
            hosts=3,
            accepting=1,
            sessions=2,
            sessions_to_end=2,
            unhealthy=1,
            versions={"1.0.0": 1, "2.0.0": 2},
        )
        app.tables.rollouts.replace(row.replace(progress=Progress(last_pass=last), state=RolloutState.RUNNING))
        shown = one(app)
        assert (shown["accepting"], shown["unhealthy"], shown["behind"], shown["sessions"]) == (1, 1, 2, 2)
        app.later(minutes=20)
        look_at_pools(app.services)
        assert one(app)["accepting"] == 3  # the later look counts

    def test_the_hourly_watch_is_a_look(self) -> None:
        app = office()
        watch_pools(app.services)
        assert one(app)["hosts"] == 3

    def test_an_unregistered_pool_leaves_no_look(self) -> None:
        app = several()
        assert app.send("DELETE", "/api/pools/spare").status == 204
        assert app.tables.looks.find(LOOKS, "spare") is None

    def test_a_live_page_has_no_moment_of_a_look(self) -> None:
        app = several()
        assert [pool["seen_at"] for pool in app.send("GET", "/api/pools").json["items"]] == [None] * 4
        assert app.send("GET", "/api/pools/office").json["seen_at"] is None


class TestLooks:
    def test_each_pool_is_looked_at_now_and_then(self) -> None:
        app = several()
        assert look_at_pools(app.services) == []
        app.now += LOOKED_AT_EVERY
        assert set(look_at_pools(app.services)) == {"office", "hr", "sales", "spare"}

    def test_a_few_at_a_time_the_oldest_first(self) -> None:
        app = office()
        for number in range(MOST_AT_ONCE):
            add(app, f"p{number:03d}")
        first = look_at_pools(app.services)
        assert len(first) == MOST_AT_ONCE
        app.now += LOOKED_AT_EVERY / 2
        (rest,) = look_at_pools(app.services)
        app.now += LOOKED_AT_EVERY
        assert rest not in look_at_pools(app.services)

    def test_a_pool_that_cannot_be_read_keeps_its_numbers_and_waits_for_its_turn(self) -> None:
        app = office()
        look_at_pools(app.services)
        seen = one(app)["seen_at"]
        app.now += LOOKED_AT_EVERY
        app.world.fail("session_hosts", AzureBusy("read", 503, "Away", "not now"))
        assert look_at_pools(app.services) == ["office"]
        assert look_at_pools(app.services) == []
        assert (one(app)["seen_at"], one(app)["hosts"]) == (seen, 3)

    def test_a_pool_that_could_never_be_read_has_no_numbers(self) -> None:
        app = office()
        app.world.fail("session_hosts", AzureBusy("read", 503, "Away", "not now"))
        look_at_pools(app.services)
        assert (one(app)["seen_at"], one(app)["hosts"]) == (None, None)


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("&search=AL", ["sales"]),
            ("&search=hp-o", ["office"]),
            ("&search=WIN11", ["hr", "office", "sales", "spare"]),
            ("&search=nothing", []),
            ("&account=contoso", ["sales"]),
            ("&ring=test", ["hr"]),
            ("&ring=test&ring=pilot", ["hr", "sales"]),
            ("&ring=test,pilot", ["hr", "sales"]),
            ("&image=win11&ring=production", ["office", "spare"]),
            ("&rollout=open", []),
            ("&rollout=none", ["hr", "office", "sales", "spare"]),
        ],
    )
    def test_filters(self, query: str, found: list[str]) -> None:
        assert names(several(), query) == found

    def test_pools_with_an_open_rollout(self) -> None:
        app = several()
        rollout_id = update(app).json["id"]
        assert names(app, "&rollout=open") == ["office"]
        app.tables.rollouts.replace(app.rollout(rollout_id).replace(state=RolloutState.SUCCEEDED))
        assert names(app, "&rollout=open") == []

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("live=false&limit=201", "limit"),
            ("limit=51", "limit"),
            ("account=nobody", "account"),
            ("image=none", "image"),
            ("ring=moon", "ring"),
            ("sort=size", "sort"),
            ("rollout=ended", "rollout"),
            ("live=perhaps", "live"),
        ],
    )
    def test_refused(self, query: str, field: str) -> None:
        reply = several().send("GET", f"/api/pools?{query}")
        assert (reply.status, reply.bad_fields) == (400, {field})


class TestOrder:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("&sort=name&order=desc", ["spare", "sales", "office", "hr"]),
            ("&sort=ring", ["hr", "sales", "office", "spare"]),
            ("&sort=version", ["office", "hr", "sales", "spare"]),
            ("&sort=version&order=desc", ["sales", "hr", "office", "spare"]),
            ("&sort=sessions&order=desc", ["office", "spare", "sales", "hr"]),
            ("&sort=account", ["sales", "hr", "office", "spare"]),
        ],
    )
    def test_orders(self, query: str, found: list[str]) -> None:
        assert names(several(), query) == found

    @pytest.mark.parametrize("query", ["", "&sort=ring", "&sort=version&order=desc", "&sort=seen_at", "&live=true"])
    def test_pages_are_the_whole_list(self, query: str) -> None:
        app = several()
        live = "" if "live" in query else "&live=false"
        query += live
        whole = [pool["name"] for pool in app.send("GET", f"/api/pools?limit=50{query}").json["items"]]
        paged, token = [], ""
        while True:
            reply = app.send("GET", f"/api/pools?limit=1{query}{token}").json
            paged += [pool["name"] for pool in reply["items"]]
            if reply["continuation"] is None:
                break
            token = f"&continuation={reply['continuation']}"
        assert paged == whole

    def test_a_page_of_another_order_is_refused(self) -> None:
        app = several()
        token = app.send("GET", f"{LIVELESS}&limit=1").json["continuation"]
        assert app.send("GET", f"{LIVELESS}&sort=ring&continuation={token}").bad_fields == {"continuation"}


class TestPool:
    def test_what_a_rollout_would_do_by_default(self) -> None:
        app = office()
        change_pool(app, policy=PolicyOverrides(retries=2, max_unavailable="10%"))
        resolved = app.send("GET", "/api/pools/office").json["policy_resolved"]
        assert {mode: policy["retries"] for mode, policy in resolved.items()} == {"now": 2, "at": 2, "on_logoff": 2}
        assert (resolved["now"]["warn_minutes"], resolved["at"]["warn_minutes"]) == ([], [60, 15, 5, 1])
        assert (resolved["now"]["canary_hosts"], resolved["on_logoff"]["canary_hosts"]) == (0, 1)
        assert one(app)["policy_resolved"] is None

    def test_the_host_pools_own_settings(self) -> None:
        app = office()
        assert app.send("GET", "/api/pools/office").json["host_pool"] == {
            "session_limit": 5,
            "load_balancing": "BreadthFirst",
        }
        app.world.fail("host_pool", AzureBusy("read", 503, "Away", "not now"))
        assert app.send("GET", "/api/pools/office").json["host_pool"] is None

    def test_the_last_rollout(self) -> None:
        app = office()
        rollout_id = update(app).json["id"]
        row = app.rollout(rollout_id)
        ended = app.now + timedelta(hours=1)
        progress = Progress(counts={"done": 2, "failed": 1})
        app.tables.rollouts.replace(row.replace(state=RolloutState.FAILED, ended_at=ended, progress=progress))
        change_pool(app, running_rollout="", last_rollout=rollout_id)
        for shown in (one(app), app.send("GET", "/api/pools/office").json):
            assert shown["running_rollout"] is None
            assert shown["last_rollout"] == {
                "id": rollout_id,
                "version": "2.0.0",
                "state": "failed",
                "failed": 1,
                "requested_by": "developer",
                "ended_at": "2026-11-02T10:00:00Z",
                "href": f"/api/rollouts/{rollout_id}",
            }

    def test_the_next_window(self) -> None:
        app = office()
        assert one(app)["next_window"] is None
        change_pool(
            app, policy=PolicyOverrides(windows=(Window(begins="22:00", ends="06:00"),))
        )  # Berlin; now it is 10:00 there
        window = {"open": False, "opens_at": "2026-11-02T21:00:00Z", "closes_at": "2026-11-03T05:00:00Z"}
        assert one(app)["next_window"] == window
        app.later(hours=13)
        assert one(app)["next_window"] == window | {"open": True}

    def test_the_staged_version_of_its_image(self) -> None:
        app = office()
        assert one(app)["staged"] is None
        app.world.add_version("3.0.0")
        assert app.send("POST", "/api/images/win11/stage", {"version": "3.0.0"}).status == 200
        assert one(app)["staged"] == app.send("GET", "/api/pools/office").json["staged"] == "3.0.0"

    def test_the_running_rollout_says_what_comes_next(self) -> None:
        app = office()
        update(app, {"schedule": {"mode": "on_logoff", "deadline": "2026-11-02T23:00"}})
        shown = one(app)["running_rollout"]
        assert shown["next"]["code"]
        assert (shown["hosts"], shown["failed"], shown["sessions_open"], shown["expected_end"]) == (0, 0, 0, None)


def test_only_what_has_to_be_read_starts_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 200 pools, most have no rollout, or one that is known."""
    app, clock, read = several(), [0.0], list[str]()

    class Readers(ThreadPoolExecutor):
        def map(self, work: Any, *pools: Any, **how: Any) -> Any:
            read.extend(pool.name for pool in pools[0])
            return super().map(work, *pools, **how)

    monkeypatch.setattr(pool_lists, "ThreadPoolExecutor", Readers)
    rollout_id = update(app).json["id"]
    app.tables.pools.replace(app.pool().replace(running_rollout="", last_rollout=rollout_id))
    services = replace(app.services, read_cache=ReadThroughCache(lambda: clock[0]))

    def listed() -> list[str]:
        read.clear()
        found = pool_lists.list_pools(services, ALL_ACCOUNTS, PoolsQuery(live=False))
        assert [bool(pool.last_rollout) for pool in found.items] == [False, True, False, False]
        return read

    assert listed() == ["office"]
    assert listed() == []
    clock[0] += pool_lists.ENDED_FOR + 1
    assert listed() == ["office"]
    app.tables.pools.replace(app.pool().replace(running_rollout=rollout_id))
    assert listed() == ["office"], "a running rollout is read each time"
