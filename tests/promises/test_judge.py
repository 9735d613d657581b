"""The judge of the random rollouts: what it must not blame the product for."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from shared.core.states import HostState
from tests.fixtures.builders import NEW
from tests.fixtures.fakes.tables import MemoryTables
from tests.promises.counting_tables import LeanRows, lean_tables
from tests.promises.disturbances.outside import Outside
from tests.promises.pool_setup import pool_of
from tests.promises.scenario import Stage

EAGER = {"min_available": 0, "canary_hosts": 0, "max_unavailable": "100%", "settle_seconds": 300}
SOON, LATER = "2026-11-02T09:50:00Z", "2026-11-02T14:00:00Z"


def published(deadline: str, **asked: Any) -> Stage:
    """A pool of three idle hosts, and a rollout over it."""
    stage = Stage(pool_of(bytes(64)))
    for host in stage.watch.hosts:
        stage.app.world.log_on(host, f"user of {host}")
    schedule = {"mode": "on_logoff", "deadline": deadline}
    reply = stage.send("/api/pools/office/update-image", {"version": NEW, "schedule": schedule, **asked})
    assert reply and reply.status == 202, reply
    stage.pass_time(1)
    return stage


def states(stage: Stage) -> dict[str, HostState]:
    return {row.host: row.state for row in stage.watch.rows()}


def test_whoever_drains_an_undrained_host_by_hand_has_answered() -> None:
    stage = published(LATER, policy=EAGER)
    outside = Outside(stage)
    outside.undrain(0)
    assert stage.watch.undrained.keys() == {"h0"}
    stage.pass_time(20)
    assert stage.watch.hosts["h0"].accepting
    outside.drain(0)
    stage.pass_time(20)
    assert states(stage)["h0"] is not HostState.PENDING


def test_a_host_that_is_not_left_out_any_more_may_be_warned_before_that_is_written() -> None:
    stage = published(SOON, exclude=["h0"], policy=EAGER | {"min_available": "100%"})
    assert states(stage)["h0"] is HostState.SKIPPED
    rollout = stage.watch.rollouts()[0]
    told = len(stage.app.world.messages)
    stage.send(f"/api/rollouts/{rollout.id}", {"exclude": None}, method="PATCH")
    stage.pass_time(20)
    assert states(stage)["h0"] is not HostState.SKIPPED
    assert len(stage.app.world.messages) > told


def test_a_look_may_go_by_the_change_before_the_one_that_comes_during_it() -> None:
    stage = published(LATER, exclude=["h0"], policy=EAGER)
    row = next(row for row in stage.watch.rows() if row.host == "h0")
    rollout = stage.watch.rollouts()[0]
    assert not stage.watch.taken_in_again(rollout, row)
    stage.watch.changes({"exclude": ["h0"]})
    assert stage.watch.taken_in_again(rollout, row)


def test_what_the_checks_read_is_not_what_the_pass_plans_on() -> None:
    stage = published(LATER, policy=EAGER)
    watch, host_pools = stage.watch, stage.app.services.host_pools
    pool = watch.pool.host_pool_id
    watch.begin(watch.rollouts()[0].id)
    watch.disturbed = True
    host_pools.session_hosts(pool)
    assert not watch.disturbed
    watch.disturbed = True  # after the pass has read
    host_pools.session_hosts(pool)
    stage.send("/api/pools/office/hosts", method="GET")
    assert watch.disturbed


def test_every_table_is_lean() -> None:
    tables = lean_tables()
    assert all(isinstance(getattr(tables, field.name), LeanRows) for field in fields(MemoryTables))
