"""A refresh beside rollouts that follow each other, wait, fail or are asked for at a bad moment."""

from __future__ import annotations

from functools import partial

import pytest

from shared.core.states import HostState, RolloutState
from tests.fixtures.builders import NEW
from tests.fixtures.scenarios.refresh import Office, office
from tests.fixtures.world.azure import vm_id_of
from tests.scenarios.refresh.test_failed_and_returning_hosts import lost, retry, undrain
from tests.scenarios.refresh.test_rollout_takes_precedence import (
    QUICK,
    assert_all_new,
    before_call,
    ended,
    publish,
    publish_and_look,
    rows_of,
    state_in,
)

FRAGILE = {**QUICK, "retries": 0, "max_failed": 9}


def until_ended(pool: Office, rollout: str) -> None:
    """Let time pass until a rollout is over."""
    pool.env.run(24, until=lambda: ended(pool, rollout))
    assert ended(pool, rollout)


def test_a_rollout_counts_even_when_the_next_one_starts_right_after_it() -> None:
    pool = office(1, 1, 1, policy=FRAGILE)
    pool.minutes(5)
    pool.world.refuse("start_register", "host-03")
    first = publish(pool, hours=0.5)
    until_ended(pool, first)
    assert pool.app.rollout(first).state is RolloutState.FAILED
    pool.world.faults.clear()
    second = pool.app.send("POST", f"/api/rollouts/{first}/retry", {}).json["id"]
    until_ended(pool, second)
    pool.hours(4)
    assert {pool.rebuilt(host) for host in ("host-01", "host-02")} == {1}


def test_use_of_a_host_that_serves_before_its_rollout_ends_counts() -> None:
    """A first host that waits for a person is kept out of rotation; somebody lets it serve all the same."""
    approve = {"canary_hosts": 1, "canary_hold": "approve", "min_available": 0, "max_unavailable": "100%"}
    pool = office(1, 0, policy=QUICK)
    pool.minutes(5)
    pool.world.log_off("host-01")
    rollout = publish(pool, hours=8, policy=approve)
    pool.env.run(4, until=lambda: pool.app.rollout(rollout).state is RolloutState.AWAITING_APPROVAL)
    (first,) = (host for host, row in rows_of(pool, rollout).items() if row.canary)
    undrain(pool, first)
    pool.use(first)
    assert pool.app.send("POST", f"/api/rollouts/{rollout}/approve").status == 202
    until_ended(pool, rollout)
    before = pool.rebuilt(first)
    pool.hours(3)
    assert pool.rebuilt(first) == before + 1
    assert pool.rows[first].state is HostState.DONE


@pytest.mark.parametrize("begun", ["after the rollout", "before it"])
def test_the_refresh_leaves_a_host_that_a_rollout_lost_to_its_operator(begun: str) -> None:
    pool = office(0, 0, refresh="off" if begun == "after the rollout" else "after_logoff", policy=FRAGILE)
    pool.world.refuse("start_register", "host-01")
    rollout = publish(pool, hours=0.5)
    until_ended(pool, rollout)
    assert state_in(pool, rollout, "host-01") is HostState.FAILED
    pool.world.faults.clear()
    pool.put("after_logoff")
    pool.hours(3)
    assert pool.rebuilt("host-01") == 1
    assert pool.world.count("start_register", vm_id_of("host-01")) == 1


def test_a_host_lost_by_an_earlier_refresh_is_recovered_by_a_rollout() -> None:
    pool = office(1, 0, policy=FRAGILE)
    lost(pool, "host-01")
    first = pool.refresh_rollout_row.id
    pool.put("off")
    pool.minutes(5)
    pool.put("after_logoff")
    pool.minutes(5)
    assert pool.refresh_rollout_row.id != first
    assert pool.rows["host-01"].state is HostState.FAILED
    rollout = publish(pool, hours=0.5)
    until_ended(pool, rollout)
    assert_all_new(pool)
    assert "host-01" in pool.hosts


def test_a_retry_refreshes_a_host_lost_by_an_earlier_refresh() -> None:
    pool = office(1, 0, policy=FRAGILE)
    lost(pool, "host-01")
    pool.put("off")
    pool.minutes(5)
    pool.put("after_logoff")
    retry(pool)
    pool.hours(2)
    assert pool.hosts["host-01"].serving
    assert pool.rows["host-01"].state is HostState.DONE


def test_a_rollout_waiting_for_its_window_does_not_block_the_refresh_for_days() -> None:
    saturdays = [{"days": ["sat"], "from": "20:00", "to": "23:00"}]
    pool = office(1, 0, policy=QUICK)
    pool.minutes(5)
    schedule = {"mode": "on_logoff", "deadline": "2026-11-07T21:00:00+01:00"}
    body = {"version": NEW, "schedule": schedule, "policy": {"windows": saturdays}}
    assert pool.app.send("POST", "/api/pools/office/update-image", body).status == 202
    pool.world.log_off("host-01")
    pool.hours(3)
    assert pool.rebuilt("host-01") == 1


def test_a_rollout_paused_before_its_start_does_not_block_the_refresh() -> None:
    pool = office(1, 0, policy=QUICK)
    pool.minutes(5)
    rollout = publish(pool, "at", hours=72)
    assert pool.app.send("POST", f"/api/rollouts/{rollout}/pause").status == 202
    pool.world.log_off("host-01")
    pool.hours(3)
    assert pool.rebuilt("host-01") == 1


@pytest.mark.parametrize("looks", [0, 1, 2])
def test_a_retry_of_a_lost_host_and_a_rollout_may_be_requested_together(looks: int) -> None:
    """Between any two calls of the refresh: it takes the host, or the rollout does, and never both."""
    for call in range(1, 16):
        pool = office(1, 0, policy={**FRAGILE, "settle_seconds": 15})
        lost(pool, "host-01")
        retry(pool)
        asked: list[str] = []
        pool.env.each_step.append(partial(never_rebuilt_by_both, pool, asked))
        before_call(pool, call, partial(publish_and_look, pool, asked, looks))
        pool.env.run(3, until=lambda pool=pool, asked=asked: bool(asked) and ended(pool, asked[0]))  # type: ignore[misc]
        assert pool.app.rollout(asked[0]).state is RolloutState.SUCCEEDED, f"asked for before call {call}"
        pool.minutes(10)
        assert_all_new(pool)


def never_rebuilt_by_both(pool: Office, asked: list[str]) -> None:
    """At most one of the two is at work on a host."""
    theirs = rows_of(pool, asked[0]) if asked else {}
    both = {host for host, row in theirs.items() if row.state.in_work} & {
        host for host, row in pool.rows.items() if row.state.in_work or (row.drain.drained_at and not row.state.ended)
    }
    assert not both


def test_the_process_may_die_at_any_call_while_a_lost_host_is_retried_and_a_rollout_starts() -> None:
    deaths = 0
    for call in range(1, 60, 2):
        pool = office(1, 0, policy={**FRAGILE, "settle_seconds": 15})
        lost(pool, "host-01")
        retry(pool)
        asked: list[str] = []
        pool.env.each_step.append(partial(never_rebuilt_by_both, pool, asked))
        pool.env.die_at_call(call)
        pool.minutes(0.5)
        pool.env.die_at_call(10**9)
        deaths += pool.env.died
        asked.append(publish(pool, "now"))
        until_ended(pool, asked[0])
        assert pool.app.rollout(asked[0]).state is RolloutState.SUCCEEDED, f"died at call {call}"
        pool.minutes(10)
        assert_all_new(pool)
    assert deaths > 10
