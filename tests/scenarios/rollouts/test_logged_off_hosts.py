"""Glances: a host that somebody has logged off is begun at once, by what the last look saw; nothing else is done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.core.states import HostState, RolloutState
from shared.rollouts.reconcile.answer import PassResult
from shared.rollouts.reconcile.logged_off_hosts import MAX_HOSTS, reconcile_logged_off_hosts
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import EAGER, assert_all_well, hosts, office, pause

AT_ONCE = EAGER | {"settle_seconds": 0}


def waiting(*users: int, **policy: object) -> Drive:
    """A rollout whose hosts are drained and wait for log-offs."""
    drive = office(*users)
    drive.publish(policy=AT_ONCE | policy)
    drive.run(5)
    assert drive.rollout.state is RolloutState.RUNNING
    return drive


def fast_pass(drive: Drive, *left: str) -> PassResult | None:
    """A pass over these hosts that users signed out of, and its result."""
    drive.world.calls.clear()
    return reconcile_logged_off_hosts(drive.services, drive.engine, drive.rollout_id, 1, left)


def test_an_emptied_host_is_taken_by_reading_it_alone_and_the_rollout_goes_on() -> None:
    drive = waiting(1, 2, 1)
    drive.world.log_off("host-02")

    answer = fast_pass(drive, "host-02")

    assert answer is not None and not answer.whole_pool_needed and not answer.ended
    assert [name for name, _ in drive.world.calls] == ["session_host"]
    assert drive.rows["host-02"].state is HostState.REIMAGING
    assert (drive.rollout_id, "host-02", 1) in drive.engine.hosts
    assert {drive.rows[host].state for host in ("host-01", "host-03")} == {HostState.WAITING_FOR_LOGOFF}
    drive.run(600)
    assert_all_well(drive)


def test_a_false_hint_changes_nothing() -> None:
    drive = waiting(1, 1)

    answer = fast_pass(drive, "host-01")

    assert answer is not None
    assert drive.rows["host-01"].state is HostState.WAITING_FOR_LOGOFF
    assert not drive.engine.hosts


def test_a_second_hint_of_a_host_in_work_needs_no_look() -> None:
    drive = waiting(1, 1)
    drive.world.log_off("host-01")
    fast_pass(drive, "host-01")

    answer = fast_pass(drive, "host-01")

    assert answer == PassResult(ended=False, state=RolloutState.RUNNING)
    assert not drive.world.calls


def test_what_fast_passes_have_started_counts_for_the_next_one() -> None:
    drive = waiting(1, 1, 1, max_in_flight=1)
    drive.world.log_off("host-01")
    drive.world.log_off("host-02")
    fast_pass(drive, "host-01")

    answer = fast_pass(drive, "host-02")

    assert answer is not None
    assert drive.rows["host-02"].state is HostState.WAITING_FOR_LOGOFF
    assert len(drive.engine.hosts) == 1


def test_with_a_settling_time_a_fast_pass_records_the_moment_and_a_whole_pass_takes_the_host() -> None:
    drive = office(1, 1)
    drive.publish(policy=EAGER | {"settle_seconds": 60})
    drive.run(5)
    drive.world.log_off("host-01")

    answer = fast_pass(drive, "host-01")

    row = drive.rows["host-01"]
    assert answer is not None and row.drain.empty_since == drive.now
    assert row.state is HostState.WAITING_FOR_LOGOFF
    assert answer.next_pass_at is not None and (answer.next_pass_at - drive.now).total_seconds() <= 60


def changed_by_an_operator(drive: Drive) -> None:
    pause(drive)


def driven_by_another_run(drive: Drive) -> None:
    drive.command(engine_run=2)


def pool_is_anothers(drive: Drive) -> None:
    drive.tables.pools.replace(drive.pool.model_copy(update={"running_rollout": "r-99"}))


def looked_at_long_ago(drive: Drive) -> None:
    drive.run(5 + 24 * 60, until=lambda: True)
    drive.now = drive.now.replace(hour=13)


def not_drained_any_more(drive: Drive) -> None:
    row = drive.rows["host-01"]
    drive.tables.hosts.replace(row.replace(state=HostState.PENDING, drain=row.drain.replace(drained_at=None)))


def gone_from_the_pool(drive: Drive) -> None:
    hosts(drive).pop("host-01")


def cannot_be_read(drive: Drive) -> None:
    drive.world.refuse("session_host", "host-01")


def never_looked_at(drive: Drive) -> None:
    drive.services.snapshots.forget(drive.rollout_id)


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
def test_what_is_not_as_the_last_look_left_it_is_left_to_a_whole_look(change: Callable[[Drive], None]) -> None:
    drive = waiting(1, 1)
    drive.world.log_off("host-01")
    change(drive)

    assert fast_pass(drive, "host-01") is None
    assert not drive.engine.hosts
    assert drive.world.count("set_accepting") == 0


def test_a_command_during_a_fast_pass_lets_nothing_begin() -> None:
    drive = waiting(1, 1)
    drive.world.log_off("host-01")
    drive.world.meanwhile("session_host", lambda: pause(drive))

    assert fast_pass(drive, "host-01") is None
    assert not drive.engine.hosts
    assert drive.rows["host-01"].state is HostState.WAITING_FOR_LOGOFF


def test_too_many_hosts_are_not_read_one_by_one() -> None:
    drive = waiting(*[1] * (MAX_HOSTS + 1))

    assert fast_pass(drive, *drive.rows) is None
    assert not drive.world.calls
