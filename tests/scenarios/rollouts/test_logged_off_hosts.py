"""Glances: a host that somebody has logged off is begun at once, by what the last look saw; nothing else is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.core.states import HostState, RolloutState
from shared.rollouts.reconcile.answer import PassResult
from shared.rollouts.reconcile.logged_off_hosts import MAX_HOSTS, reconcile_logged_off_hosts
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_all_well, hosts, office, pause

AT_ONCE = EAGER | {"settle_seconds": 0}


def waiting(*users: int, **policy: object) -> RolloutEnvironment:
    """A rollout whose hosts are drained and wait for log-offs."""
    env = office(*users)
    env.publish(policy=AT_ONCE | policy)
    env.run_to_minute(5)
    assert env.rollout.state is RolloutState.RUNNING
    return env


def fast_pass(env: RolloutEnvironment, *left: str) -> PassResult | None:
    """A pass over these hosts that users signed out of, and its result."""
    env.world.calls.clear()
    return reconcile_logged_off_hosts(env.services, env.engine, env.rollout_id, 1, left)


def test_a_fast_pass_starts_an_empty_host_after_reading_only_this_host() -> None:
    env = waiting(1, 2, 1)
    env.world.log_off("host-02")

    answer = fast_pass(env, "host-02")

    assert answer is not None and not answer.whole_pool_needed and not answer.ended
    assert [name for name, _ in env.world.calls] == ["session_host"]
    assert env.rows["host-02"].state is HostState.REIMAGING
    assert (env.rollout_id, "host-02", 1) in env.engine.hosts
    assert {env.rows[host].state for host in ("host-01", "host-03")} == {HostState.WAITING_FOR_LOGOFF}
    env.run_to_minute(600)
    assert_all_well(env)


def test_a_wrong_logoff_event_changes_nothing() -> None:
    env = waiting(1, 1)

    answer = fast_pass(env, "host-01")

    assert answer is not None
    assert env.rows["host-01"].state is HostState.WAITING_FOR_LOGOFF
    assert not env.engine.hosts


def test_a_second_event_of_a_host_in_work_needs_no_pass() -> None:
    env = waiting(1, 1)
    env.world.log_off("host-01")
    fast_pass(env, "host-01")

    answer = fast_pass(env, "host-01")

    assert answer == PassResult(ended=False, state=RolloutState.RUNNING)
    assert not env.world.calls


def test_hosts_started_by_a_fast_pass_count_in_the_next_one() -> None:
    env = waiting(1, 1, 1, max_in_flight=1)
    env.world.log_off("host-01")
    env.world.log_off("host-02")
    fast_pass(env, "host-01")

    answer = fast_pass(env, "host-02")

    assert answer is not None
    assert env.rows["host-02"].state is HostState.WAITING_FOR_LOGOFF
    assert len(env.engine.hosts) == 1


def test_with_a_settling_time_a_fast_pass_records_the_moment_and_a_whole_pass_takes_the_host() -> None:
    env = office(1, 1)
    env.publish(policy=EAGER | {"settle_seconds": 60})
    env.run_to_minute(5)
    env.world.log_off("host-01")

    answer = fast_pass(env, "host-01")

    row = env.rows["host-01"]
    assert answer is not None and row.drain.empty_since == env.now
    assert row.state is HostState.WAITING_FOR_LOGOFF
    assert answer.next_pass_at is not None and (answer.next_pass_at - env.now).total_seconds() <= 60


def changed_by_an_operator(env: RolloutEnvironment) -> None:
    pause(env)


def driven_by_another_run(env: RolloutEnvironment) -> None:
    env.command(engine_run=2)


def pool_is_anothers(env: RolloutEnvironment) -> None:
    env.tables.pools.replace(env.pool.model_copy(update={"running_rollout": "r-99"}))


def looked_at_long_ago(env: RolloutEnvironment) -> None:
    env.run_to_minute(5 + 24 * 60, until=lambda: True)
    env.app.now = env.now.replace(hour=13)


def not_drained_any_more(env: RolloutEnvironment) -> None:
    row = env.rows["host-01"]
    env.tables.hosts.replace(row.replace(state=HostState.PENDING, drain=row.drain.replace(drained_at=None)))


def gone_from_the_pool(env: RolloutEnvironment) -> None:
    hosts(env).pop("host-01")


def cannot_be_read(env: RolloutEnvironment) -> None:
    env.world.refuse("session_host", "host-01")


def never_looked_at(env: RolloutEnvironment) -> None:
    env.services.snapshots.forget(env.rollout_id)


@pytest.mark.parametrize(
    "change",
    [
        changed_by_an_operator,
        driven_by_another_run,
        pool_is_anothers,
        looked_at_long_ago,
        not_drained_any_more,
        gone_from_the_pool,
        cannot_be_read,
        never_looked_at,
    ],
)
def test_a_change_since_the_last_pass_is_left_to_a_whole_pass(
    change: Callable[[RolloutEnvironment], None],
) -> None:
    env = waiting(1, 1)
    env.world.log_off("host-01")
    change(env)

    assert fast_pass(env, "host-01") is None
    assert not env.engine.hosts
    assert env.world.count("set_accepting") == 0


def test_a_command_during_a_fast_pass_starts_no_host() -> None:
    env = waiting(1, 1)
    env.world.log_off("host-01")
    env.world.meanwhile("session_host", lambda: pause(env))

    assert fast_pass(env, "host-01") is None
    assert not env.engine.hosts
    assert env.rows["host-01"].state is HostState.WAITING_FOR_LOGOFF


def test_many_events_lead_to_a_whole_pass_instead_of_single_reads() -> None:
    env = waiting(*[1] * (MAX_HOSTS + 1))

    assert fast_pass(env, *env.rows) is None
    assert not env.world.calls
