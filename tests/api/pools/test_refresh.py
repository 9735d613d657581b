"""Asking for a refresh, following it and ending it, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.rollouts.recovery import resume_lost
from shared.services import POOLS
from tests.fixtures.scenarios.refresh import EAGER, Office, assert_fresh, assert_in_service, office
from tests.fixtures.version_sets import record_family, version_set


def asked(pool: Office, path: str) -> Any:
    """What a GET answers."""
    reply = pool.app.send("GET", path)
    assert reply.status == 200, reply.text
    return reply.json


def test_a_pool_with_refresh_gets_a_refresh_rollout_and_shows_its_fresh_hosts() -> None:
    pool = office(1, 0, 0, refresh="off", policy=EAGER)
    assert asked(pool, "/api/pools/office")["freshness"] is None
    answered = pool.put("after_logoff").json
    assert answered["refresh"] == "after_logoff"
    assert answered["freshness"]["state"] == "running"
    pool.minutes(2)
    view = asked(pool, "/api/pools/office")
    assert (view["freshness"]["used"], view["freshness"]["fresh"]) == (1, 2)
    assert view["running_rollout"] is None
    rollout = asked(pool, f"/api/rollouts/{view['freshness']['rollout']}")
    assert (rollout["kind"], rollout["state"], rollout["fresh"], rollout["percent"]) == ("refresh", "running", 2, 66)
    assert rollout["schedule"] is None
    assert rollout["expected_end"] is None
    assert "after use" in rollout["next"]["text"]
    pool.world.log_off("host-01")
    pool.hours(2)
    view = asked(pool, f"/api/rollouts/{pool.refresh_rollout_row.id}")
    assert (view["state"], view["fresh"], view["percent"]) == ("running", 3, 99)
    listed = asked(pool, f"/api/rollouts/{pool.refresh_rollout_row.id}/hosts")["items"]
    assert {host["host"]: host["reason"]["text"] for host in listed}["host-01"] == "refreshed on 1.0.0"


def test_a_refresh_is_a_task_of_its_own_kind_and_listed_with_rollouts() -> None:
    pool = office(0, 1)
    pool.minutes(2)
    for query in ("", "?kind=refresh", "?kind=rollout", "?state=running"):
        (task,) = asked(pool, f"/api/tasks{query}")["items"]
        assert (task["kind"], task["step"], task["percent"]) == ("refresh", "keeping hosts fresh", 50), query
    assert asked(pool, "/api/tasks?kind=activate")["items"] == []
    assert (
        asked(pool, f"/api/tasks/{pool.refresh_rollout_row.id}")["href"]
        == f"/api/rollouts/{pool.refresh_rollout_row.id}"
    )
    assert [row["kind"] for row in asked(pool, "/api/rollouts?pool=office")["items"]] == ["refresh"]


def test_a_repeated_request_continues_the_refresh_with_the_new_policy() -> None:
    pool = office(0, 0)
    first = pool.refresh_rollout_row.id
    pool.put("after_logoff", policy={"settle_seconds": 5, "poll_seconds": 15, "canary_hosts": 3, "bake_minutes": 9})
    pool.minutes(1)
    assert pool.refresh_rollout_row.id == first
    policy = pool.refresh_rollout_row.policy
    assert (policy.settle_seconds, policy.poll_seconds) == (5, 15)
    assert (policy.canary_hosts, policy.bake_minutes, policy.warn_minutes, policy.keep_old_disk_days) == (0, 0, (), 0)
    pool.put("daily")
    pool.minutes(1)
    assert pool.refresh_rollout_row.id == first


def test_a_refresh_switched_off_finishes_hosts_in_work_returns_the_others_and_ends() -> None:
    pool = office(1, 1, 1, 0, policy={**EAGER, "max_in_flight": 1})
    pool.minutes(5)
    for name in ("host-01", "host-02", "host-03"):
        pool.world.log_off(name)
    pool.env.run(2, until=lambda: pool.in_work() == 1)
    rollout = pool.refresh_rollout_row.id
    pool.put("off")
    pool.hours(2)
    assert pool.app.rollout(rollout).state is RolloutState.CANCELLED
    assert pool.rebuilt() == 1
    states = {host["state"] for host in asked(pool, f"/api/rollouts/{rollout}/hosts")["items"]}
    assert states == {"done", "skipped"}
    assert_in_service(pool, "host-01", "host-02", "host-03", "host-04")
    assert asked(pool, "/api/pools/office")["freshness"] is None

    pool.put("after_logoff")
    assert pool.refresh_rollout_row.id != rollout
    pool.use("host-02")
    pool.hours(2)
    assert_fresh(pool, "host-02")


def test_a_refresh_switched_on_again_before_its_end_is_followed_by_another() -> None:
    pool = office(1, 0, policy=EAGER)
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(2, until=lambda: pool.in_work() == 1)
    rollout = pool.refresh_rollout_row.id
    pool.put("off")
    pool.minutes(0.1)
    pool.put("daily")
    pool.hours(1)
    assert pool.app.rollout(rollout).state is RolloutState.CANCELLED
    assert pool.refresh_rollout_row.id != rollout
    assert pool.refresh_rollout_row.state is RolloutState.RUNNING


@pytest.mark.parametrize("command", ["cancel", "reschedule", "approve"])
def test_commands_that_end_or_reschedule_are_refused_with_an_alternative(command: str) -> None:
    pool = office(0)
    body = {"deadline": (pool.app.now + timedelta(hours=3)).isoformat()} if command == "reschedule" else {}
    reply = pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/{command}", body)
    assert reply.status == 409, reply.text
    assert pool.refresh_rollout_row.state is RolloutState.RUNNING


def test_a_paused_refresh_starts_and_holds_nothing_until_it_is_resumed() -> None:
    pool = office(0, 0)
    pool.use("host-01")
    pool.env.run(1, until=lambda: not pool.hosts["host-01"].accepting)
    assert pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/pause").status == 202
    pool.hours(2)
    assert pool.rebuilt() == 0
    assert_in_service(pool, "host-01")
    assert pool.app.send("POST", f"/api/rollouts/{pool.refresh_rollout_row.id}/resume").status == 202
    pool.hours(1)
    assert_fresh(pool, "host-01")


def test_a_pool_is_unregistered_only_after_its_hosts_are_done() -> None:
    pool = office(1, 0, policy=EAGER)
    pool.minutes(5)
    pool.world.log_off("host-01")
    pool.env.run(2, until=lambda: pool.in_work() == 1)
    rollout = pool.refresh_rollout_row.id
    refused = pool.app.send("DELETE", "/api/pools/office")
    assert (refused.status, refused.json["rollout"]) == (409, rollout)
    pool.hours(1)
    assert_in_service(pool, "host-01")
    assert pool.app.send("DELETE", "/api/pools/office").status == 204
    assert pool.app.rollout(rollout).state is RolloutState.CANCELLED
    pool.minutes(5)


def test_a_pool_without_hosts_in_work_is_unregistered_at_once() -> None:
    pool = office(1, 0)
    pool.minutes(5)
    rollout = pool.refresh_rollout_row.id
    pool.world.refuse("session_hosts")  # nothing is asked of Azure
    assert pool.app.send("DELETE", "/api/pools/office").status == 204
    assert pool.app.rollout(rollout).state is RolloutState.CANCELLED
    assert {row.state for row in pool.app.tables.hosts.all(rollout)} == {HostState.SKIPPED}
    assert pool.app.tables.pools.find(POOLS, "office") is None


def test_a_pool_with_a_running_rollout_is_not_unregistered_and_keeps_its_refresh() -> None:
    pool = office(1, 0)
    pool.minutes(2)
    schedule = {"mode": "on_logoff", "deadline": (pool.app.now + timedelta(hours=3)).isoformat()}
    pool.app.send("POST", "/api/pools/office/update-image", {"version": "2.0.0", "schedule": schedule})
    assert pool.app.send("DELETE", "/api/pools/office").status == 409
    assert pool.app.pool().refresh == "after_logoff"
    assert pool.refresh_rollout_row.state is RolloutState.RUNNING


def test_another_host_pool_is_refused_while_hosts_are_refreshed() -> None:
    pool = office(0)
    other = pool.body["host_pool_id"] + "-2"
    pool.world.add_pool(other)
    reply = pool.app.send("PUT", "/api/pools/office", pool.body | {"host_pool_id": other, "refresh": "off"})
    assert (reply.status, reply.json["rollout"]) == (409, pool.refresh_rollout_row.id)


def test_a_misspelt_refresh_setting_is_refused_with_the_field() -> None:
    pool = office(0)
    reply = pool.app.send("PUT", "/api/pools/office", pool.body | {"refresh": "weekly"})
    assert reply.status == 400
    assert reply.bad_fields == {"refresh"}


def test_recovery_keeps_a_refresh_open_and_starts_a_missing_one() -> None:
    pool = office(0, 1)
    pool.hours(1)
    assert pool.refresh_rollout_row.state is RolloutState.RUNNING
    lost = pool.refresh_rollout_row
    pool.app.tables.rollouts.remove(lost)
    pool.app.engine.rollouts.clear()
    resume_lost(pool.app.services, pool.app.engine)
    assert pool.refresh_rollout_row.id == lost.id
    assert (lost.id, 1) in pool.app.engine.rollouts


def test_a_refresh_without_a_known_version_starts_when_there_is_one() -> None:
    pool = office(refresh="off")
    record_family(pool.app.tables.versions, version_set(None, backups=()))
    pool.app.tables.pools.replace(pool.app.pool().model_copy(update={"version": None}))
    assert pool.put("after_logoff").json["freshness"] is None
    pool.minutes(2)
    assert pool.app.pool().refresh_rollout == ""
    pool.app.tables.pools.replace(pool.app.pool().model_copy(update={"version": "1.0.0"}))
    pool.minutes(2)
    assert pool.refresh_rollout_row.state is RolloutState.RUNNING


def test_the_refresh_of_a_test_pool_on_a_staged_version_waits_and_shows_the_reason() -> None:
    pool = office(0, 0, policy=EAGER, ring="test")
    record_family(pool.app.tables.versions, version_set("1.0.0", backups=(), staged="2.0.0"))
    pool.app.tables.pools.replace(pool.app.pool().model_copy(update={"version": "2.0.0"}))
    pool.use("host-01")
    pool.hours(1)
    assert pool.rebuilt() == 0
    text = asked(pool, "/api/pools/office")["freshness"]["note"]["text"]
    assert text == "waits: version 2.0.0 is only staged, so no used host is rebuilt to it"
    assert_in_service(pool, "host-01")
    record_family(pool.app.tables.versions, version_set())
    pool.hours(1)
    assert pool.machine("host-01").version == "2.0.0"


def test_refreshed_hosts_get_the_version_of_new_hosts() -> None:
    pool = office(0, 0, policy=EAGER)
    record_family(pool.app.tables.versions, version_set(activated_at=pool.app.now + timedelta(minutes=1)))
    pool.minutes(5)
    assert asked(pool, "/api/pools/office/image")["version"] == "2.0.0"
    pool.use("host-01")
    pool.hours(2)
    assert pool.machine("host-01").version == "2.0.0"
    assert pool.machine("host-02").version == "1.0.0"


def test_a_version_used_by_a_refresh_is_not_removed() -> None:
    pool = office(1, 0, policy=EAGER)
    pool.minutes(2)
    refused = pool.app.send("DELETE", "/api/images/win11/versions/1.0.0")
    assert refused.status == 409
    assert "the refresh of pool office" in refused.json["detail"]
