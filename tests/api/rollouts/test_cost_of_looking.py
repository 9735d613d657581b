"""What viewers of a running rollout cost in reads of ARM: hardly anything, however many there are."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from itertools import cycle
from math import ceil
from typing import Any

import pytest

from shared.caches.read_through import ReadThroughCache
from shared.core.errors import AzureForbidden
from shared.core.states import RolloutState
from shared.models.pools import LostHost, Pool
from shared.models.rollouts import RolloutHost
from shared.rollouts.reconcile.snapshot import read_snapshot
from shared.views import hosts
from shared.views.hosts import DETAILS_FOR, POWER_FOR
from shared.views.new_hosts import GALLERY_FOR
from tests.api.access.world import two_customers
from tests.api.pools.test_pool_lists import add
from tests.fixtures.app import START, App, AppWithCaches, change_pool, office, update
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of
from triggers.http.contract import ENDPOINTS

PAGES = {"session_hosts": 1, "machines": 2, "user_sessions": 1}
"""Lists that grow with the pool: find_many reads the VMs of the group, and the power states of the subscription."""
ROLLOUT_READS = 10.0
"""ARM reads a second of a rollout of 1,000 hosts with 100 in work (docs/performance.md)."""
MOST = 0.05
EVERY, PASS_EVERY, SECONDS = 5, 15, 300


def with_lasting_caches(made: App) -> App:
    """A worker whose caches last, and whose clock is that of the test."""
    app = AppWithCaches(**{each.name: getattr(made, each.name) for each in fields(made)})

    def clock() -> float:
        return (app.now - START).total_seconds()

    cache = ReadThroughCache(clock, behind=lambda read: read())
    vars(app)["services"] = replace(app.services, read_cache=cache)
    return app


def watched(size: int) -> tuple[App, str]:
    """A running rollout of so many hosts, with caches that last."""
    made = office()
    for number in range(size - 3):
        made.world.add_host(f"w{number:05d}.contoso.local")
    app = with_lasting_caches(made)
    rollout_id = str(update(app).json["id"])
    app.tables.rollouts.replace(app.rollout(rollout_id).replace(state=RolloutState.RUNNING, started_at=app.now))
    names = sorted(next(iter(app.world.hosts.values())))
    rows = [RolloutHost(rollout=rollout_id, host=name, vm_id=vm_id_of(name), version="1.0.0") for name in names]
    app.tables.hosts.write_many(rows)
    app.later(minutes=30)  # what the request has read for its checks is forgotten
    return app, rollout_id


def arm_reads(app: App, since: int, size: int) -> int:
    return sum(PAGES.get(method, 0) * ceil(size / 200) or 1 for method, _ in app.world.calls[since:])


def details(app: App, rollout_id: str, host: str = "h0") -> Any:
    (found,) = app.send("GET", f"/api/rollouts/{rollout_id}/hosts?search={host}").json["items"]
    return found


def test_viewers_of_a_thousand_hosts_add_a_twentieth_to_the_reads_of_the_rollout() -> None:
    app, rollout_id = watched(1_000)
    at, before = f"/api/rollouts/{rollout_id}", len(app.world.calls)
    pages = cycle(("/hosts?limit=20", "/hosts?limit=20&search=w0001", "/hosts?limit=20&sort=state"))
    for second in range(0, SECONDS, EVERY):
        if second % PASS_EVERY == 0:  # a pass writes the rollout, whatever it has found
            app.tables.rollouts.replace(app.rollout(rollout_id))
        for page in ("", next(pages)):
            assert app.send("GET", at + page).status == 200
        app.later(seconds=EVERY)
    assert arm_reads(app, before, 1_000) <= MOST * ROLLOUT_READS * SECONDS


FRESH = {
    "health/live",  # asks Azure on purpose, for who installs or repairs the app
    "pools/{pool}/image",  # new hosts are made from it, whoever makes them
}


def test_no_page_reads_azure_for_each_who_looks() -> None:
    made, names = two_customers()
    app = with_lasting_caches(made)
    paths = [one.path for one in ENDPOINTS if one.method == "GET" and one.path not in FRESH]
    asked: dict[str, list[str]] = {}
    for path in paths:
        url = "/api/" + re.sub(r"{(\w+)}", lambda found: names[found[1]], path)
        for _ in range(2):
            before = len(app.world.calls)
            assert app.send("GET", url, headers={"x-dev-role": "admin", "x-dev-accounts": "*"}).status == 200
        asked[path] = [method for method, _ in app.world.calls[before:]]
    assert {path: methods for path, methods in asked.items() if methods} == {}


def change(app: App, status: str, power: str) -> None:
    """AVD says something else of the first host, and so does its VM."""
    host, vm_id = "h0.contoso.local", vm_id_of("h0.contoso.local").lower()
    hosts = next(iter(app.world.hosts.values()))
    hosts[host] = hosts[host].model_copy(update={"status": status})
    app.world.machines[vm_id] = app.world.machines[vm_id].model_copy(update={"power": power})


def test_the_broker_is_asked_twice_a_minute_and_power_states_are_read_every_two() -> None:
    app, rollout_id = watched(4)
    details(app, rollout_id)
    change(app, "Shutdown", "deallocated")
    shown = []
    for _ in range(int(POWER_FOR / DETAILS_FOR)):
        app.later(seconds=DETAILS_FOR)
        details(app, rollout_id)  # read again behind this answer
        one = details(app, rollout_id)
        shown.append((one["status"], one["power"]))
    assert shown == [("Shutdown", "running")] * 3 + [("Shutdown", "deallocated")]


def test_what_is_shown_is_never_older_than_it_says() -> None:
    app, rollout_id = watched(4)
    changed_at: dict[str, str] = {}
    for second in range(0, 900, 17):
        word = f"after {second}"
        changed_at[word] = app.now.isoformat()
        change(app, word, word)
        one = details(app, rollout_id)
        shown_from = min(changed_at[one["status"]], changed_at[one["power"]])
        replaced = min((at for at in changed_at.values() if at > shown_from), default=None)
        assert replaced is None or one["seen_at"].replace("Z", "+00:00") <= replaced, one
        app.later(seconds=17)


def test_a_larger_pool_is_looked_at_less_often() -> None:
    app, rollout_id = watched(4_000)
    details(app, rollout_id)
    before = len(app.world.calls)
    for _ in range(10):
        app.later(seconds=DETAILS_FOR)
        details(app, rollout_id)
    assert [method for method, _ in app.world.calls[before:]].count("session_hosts") == 2


def test_a_pass_and_a_page_of_the_pool_leave_what_they_have_read_to_who_looks_in_the_same_worker() -> None:
    app, rollout_id = watched(4)
    read_snapshot(app.services, app.rollout(rollout_id), app.pool(), app.now)
    app.send("GET", "/api/pools/office/hosts")
    before = len(app.world.calls)
    assert (details(app, rollout_id)["status"], details(app, rollout_id)["power"]) == ("Available", "running")
    assert len(app.world.calls) == before


def test_a_pass_reads_for_itself_whatever_is_known() -> None:
    app, rollout_id = watched(4)
    app.send("GET", "/api/pools/office/hosts")
    details(app, rollout_id)
    change(app, "Unavailable", "running")
    snapshot = read_snapshot(app.services, app.rollout(rollout_id), app.pool(), app.now).snapshot
    assert {view.seen.status for view in snapshot.hosts if view.seen and view.name.startswith("h0")} == {"Unavailable"}


def test_without_power_states_the_rest_is_shown_and_a_host_that_has_just_come_has_none_yet() -> None:
    app, rollout_id = watched(4)
    app.world.fail("machines", AzureForbidden("machines", 403, "AuthorizationFailed", "no right"))
    assert (details(app, rollout_id)["status"], details(app, rollout_id)["power"]) == ("Available", None)
    app.later(seconds=DETAILS_FOR)
    details(app, rollout_id)
    assert details(app, rollout_id)["power"] == "running"
    app.world.add_host("new.contoso.local")
    row = RolloutHost(rollout=rollout_id, host="new.contoso.local", vm_id=vm_id_of("new.contoso.local"))
    app.tables.hosts.add(row)
    app.later(seconds=2 * DETAILS_FOR)
    one = details(app, rollout_id, "new")
    assert (one["status"], one["power"], one["seen_at"] is not None) == ("Available", None, True)


def test_the_version_for_new_hosts_costs_a_read_of_the_gallery_in_a_quarter_of_a_minute() -> None:
    """Each pass writes the rollout's row, and each of its pages asks what new hosts get."""
    app, rollout_id = watched(3)
    app.send("GET", f"/api/rollouts/{rollout_id}")
    before = len(app.world.calls)
    for _ in range(30):
        app.later(seconds=2)
        app.tables.rollouts.replace(app.rollout(rollout_id))
        assert app.send("GET", f"/api/rollouts/{rollout_id}").json["new_hosts"]["version"] == "1.0.0"
    assert len(app.world.calls) - before <= 60 / GALLERY_FOR


def test_a_list_of_pools_reads_their_vms_once_for_all_of_them() -> None:
    """The list of power states is that of the whole subscription: one for each pool would use up ARM's quota."""
    app, _ = watched(3)
    for name in ("hr", "sales", "lab"):
        add(app, name)
        app.world.add_host(f"{name}.contoso.local", host_pool_id=HOST_POOL_ID.replace("hp-office", f"hp-{name}"))
    app.world.fail("session_hosts", AzureForbidden("x", 403, "AuthorizationFailed", "no"), target="hp-lab")
    calls, shown = [], []
    for _ in range(4):
        before = len(app.world.calls)
        shown.append({pool["name"]: (pool["hosts"], bool(pool["problem"])) for pool in listed(app)})
        methods = [method for method, _ in app.world.calls[before:]]
        calls.append((methods.count("session_hosts"), methods.count("machines")))
        app.later(seconds=20)
    assert shown[0] == {"office": (3, False), "hr": (1, False), "sales": (1, False), "lab": (None, True)}
    assert calls == [(4, 1), (0, 0), (4, 1), (0, 0)], "read again behind the third answer"
    assert shown[3]["lab"] == (1, False)


def listed(app: App) -> Any:
    return app.send("GET", "/api/pools").json["items"]


def test_polls_of_a_rollout_share_the_row_of_its_pool_until_the_rollout_changes() -> None:
    """Its own row is read each time: it decides who may see it, and who gave a command must see what became of it."""
    app, rollout_id = watched(3)
    reads: list[str] = []

    def find(self: object, partition: str, name: str) -> Pool | None:
        reads.append(name)
        return app.tables.pools.find(partition, name)

    pools = type("Pools", (), {"find": find})()
    vars(app)["services"] = replace(app.services, pools=pools)
    for _ in range(5):
        app.send("GET", f"/api/rollouts/{rollout_id}")
    assert reads == ["office"]
    reads.clear()
    app.tables.rollouts.replace(app.rollout(rollout_id).replace(state=RolloutState.PAUSED))
    change_pool(app, lost_hosts=(LostHost(host="gone", vm_id="/vm", rollout=rollout_id),))
    shown = app.send("GET", f"/api/rollouts/{rollout_id}").json
    assert (shown["state"], [one["host"] for one in shown["lost_hosts"]], reads) == ("paused", ["gone"], ["office"])


def test_the_more_sessions_a_pool_has_the_less_often_its_people_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    app, rollout_id = watched(3)
    monkeypatch.setattr(hosts, "PER_READ", 0.1)  # as if its three sessions were thirty pages
    before, reads = app.world.count("user_sessions"), []
    for seconds in (0, 20, 9, 2):
        app.later(seconds=seconds)
        assert app.send("GET", f"/api/rollouts/{rollout_id}/people").json["count"] == 3
        reads.append(app.world.count("user_sessions") - before)
    assert reads == [1, 1, 1, 2]
