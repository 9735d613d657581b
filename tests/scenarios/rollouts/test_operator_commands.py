"""Whole rollouts when operators change their minds, and when what they say or what we say gets lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import InvalidRequest
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import ReimageSupport
from shared.views.rollout_progress import brief, progress
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    assert_all_well,
    assert_given_back,
    assert_over,
    cancel,
    hosts,
    office,
    pause,
    reschedule,
    resume,
    states,
)
from tests.fixtures.world.azure import HOST_POOL_ID, vm_id_of

WEEK = 7 * 24 * 60
MINUTE = timedelta(minutes=1)


def all_drained(*users: int, **fields: Any) -> Drive:
    """A pool whose hosts are all drained, with a deadline far ahead."""
    drive = office(*users, **fields)
    drive.publish(force=600, policy=EAGER)
    drive.run(10)
    assert not any(host.accepting for host in hosts(drive).values())
    return drive


def sessions_stick(drive: Drive) -> None:
    """Signing out ends nobody's session, until `stuck_sessions` is cleared."""
    drive.world.stuck_sessions = {session.id for session in drive.world.sessions[HOST_POOL_ID.lower()]}


def messages(drive: Drive) -> Counter[str]:
    """How many messages each session has been shown."""
    return Counter(session for session, _, _ in drive.world.messages)


def test_a_cancelled_rollout_over_150_hosts_leaves_none_of_them_open() -> None:
    drive = office(*[0] * 150)
    drive.publish(ScheduleMode.AT, begin=600)
    drive.at(10, lambda: cancel(drive))
    drive.run(60)
    assert_over(drive, RolloutState.CANCELLED)
    assert states(drive) == {HostState.SKIPPED}
    assert len(drive.rows) == 150
    assert brief(drive.rollout).percent == 0


def test_a_rollout_that_was_cancelled_half_way_is_half_done_in_lists_too() -> None:
    drive = office(0, 0, 1, 1)
    drive.publish(force=600, policy={"canary_hosts": 0, "max_unavailable": "50%"})
    drive.run(until=lambda: sum(row.state is HostState.DONE for row in drive.rows.values()) == 2)
    cancel(drive)
    drive.run(60)
    assert_over(drive, RolloutState.CANCELLED)
    assert progress(drive.rollout, list(drive.rows.values()), drive.now).percent == brief(drive.rollout).percent == 50


def test_150_drained_hosts_are_all_given_back_when_the_rollout_is_cancelled() -> None:
    drive = all_drained(*[1] * 150)
    cancel(drive)
    drive.run(60)
    assert_over(drive, RolloutState.CANCELLED)
    assert_given_back(drive, *hosts(drive))


def test_a_drained_host_that_is_gone_does_not_keep_a_rollout_from_being_cancelled() -> None:
    drive = all_drained(1, 1)
    drive.world.log_off("host-01")
    del hosts(drive)["host-01"]
    cancel(drive)
    drive.run(60)
    assert_over(drive, RolloutState.CANCELLED)
    assert drive.rows["host-01"].state is HostState.SKIPPED
    assert_given_back(drive, "host-02")


@pytest.mark.parametrize("method", ["set_accepting", "update", "machine"])
def test_a_host_that_cannot_be_given_back_fails_and_the_rollout_is_cancelled(method: str) -> None:
    drive = all_drained(1, 1)
    drive.world.refuse(method, "host-01")
    cancel(drive)
    drive.run(24 * 60)
    assert_over(drive, RolloutState.CANCELLED)
    assert drive.rows["host-01"].state is HostState.FAILED
    assert "AuthorizationFailed" in drive.rows["host-01"].error
    assert_given_back(drive, "host-02")


@pytest.mark.parametrize("call", ["session_hosts", "host_pool", "machine", "update", "set_accepting"])
def test_a_moment_that_moves_during_the_first_look_holds_or_is_refused(call: str) -> None:
    drive = office(1, 0, 0, 0)
    drive.publish(ScheduleMode.AT, begin=60)
    refusals: list[InvalidRequest] = []

    def move() -> None:
        try:
            reschedule(drive, at="2026-11-24T01:00Z")
        except InvalidRequest as refusal:
            refusals.append(refusal)

    drive.run(59.9)
    drive.world.meanwhile(call, move)
    drive.run(120)
    if not refusals:
        assert_given_back(drive, *hosts(drive))
        drive.run(12 * 60)
        assert_given_back(drive, *hosts(drive))
        assert drive.rollout.signed_out == 0
        drive.run(24 * 60)
    assert_all_well(drive)
    assert bool(refusals) == (drive.ended_at is not None and drive.ended_at.day == 23)


@pytest.mark.parametrize("users", [0, 1])
@pytest.mark.parametrize("look", range(1, 7))
def test_nothing_begins_once_a_pause_is_answered(users: int, look: int) -> None:
    drive = office(*[users] * 4)
    begun_by_then: list[list[int]] = []

    def begun() -> list[int]:
        taken = sum(row.taken_at is not None for row in drive.rows.values())
        return [drive.world.count("sign_out"), taken]

    def paused_during_a_look() -> None:
        pause(drive)
        begun_by_then.append(begun())

    for _ in range(look - 1):
        drive.world.meanwhile("host_pool", lambda: None)
    drive.world.meanwhile("host_pool", paused_during_a_look)
    drive.publish(ScheduleMode.NOW, reimage=ReimageSupport.WORKS)
    drive.run(600)
    assert drive.rollout.state is RolloutState.PAUSED
    assert begun_by_then == [begun()]
    waiting = [host for host, row in drive.rows.items() if not row.taken_at]
    assert all(hosts(drive)[host].accepting for host in waiting)  # nobody knows for how long it is paused


@pytest.mark.parametrize("change", ["cancel", "reschedule"])
def test_a_lost_nudge_costs_a_quarter_of_an_hour_at_the_most(change: str) -> None:
    drive = office(0, 0)
    drive.engine.loses_signals = True
    drive.publish(ScheduleMode.AT, begin=WEEK, policy={"warn_minutes": ()})
    drive.run(10)
    if change == "cancel":
        cancel(drive)
    else:
        reschedule(drive, at="2026-11-23T12:11Z")
    drive.run(26)
    if change == "cancel":
        assert_over(drive, RolloutState.CANCELLED)
    else:
        assert drive.rollout.started_at is not None
        drive.run(60)
        assert_all_well(drive)


@pytest.mark.parametrize("outage", [False, True])
@pytest.mark.parametrize("minutes", [1, 20, 60])
def test_a_break_during_sign_out_costs_no_host(minutes: int, *, outage: bool) -> None:
    drive = office(1, 1)
    drive.publish(ScheduleMode.NOW)
    sessions_stick(drive)
    drive.run(2)
    assert states(drive) == {HostState.SIGNING_OUT}
    if outage:
        drive.crash()
        drive.now += minutes * MINUTE
        drive.world.stuck_sessions.clear()
        drive.recover()
    else:
        pause(drive)
        drive.run(2 + minutes)
        drive.world.stuck_sessions.clear()
        resume(drive)
    drive.run(120)
    assert_all_well(drive)


def test_a_host_whose_sessions_stick_fails_after_a_pause_too_but_only_after_another_try() -> None:
    drive = office(1)
    drive.publish(ScheduleMode.NOW)
    sessions_stick(drive)
    drive.at(2, lambda: pause(drive))
    drive.run(30)
    tried = drive.world.count("sign_out")
    resume(drive)
    drive.run(120)
    assert_over(drive, RolloutState.FAILED)
    assert drive.world.count("sign_out") > tried
    assert len(drive.world.users_on("host-01")) == 1


def test_people_get_their_warnings_again_before_a_deadline_that_was_moved_while_signing_out() -> None:
    drive = office(1, 1)
    drive.publish(force=30, policy=EAGER)
    sessions_stick(drive)
    drive.run(31.5)
    pause(drive)
    warned = messages(drive)
    signed_out = drive.world.count("sign_out")
    drive.world.stuck_sessions.clear()
    reschedule(drive, deadline="2026-11-23T16:00Z")
    resume(drive)
    drive.run(239.9)
    assert set((messages(drive) - warned).values()) == {4}
    assert drive.world.count("sign_out") == signed_out
    drive.run(400)
    assert_all_well(drive)


def test_a_deadline_that_is_moved_later_warns_again() -> None:
    drive = office(1, 1)
    drive.publish(force=30, policy={"canary_hosts": 0})
    drive.run(29.5)
    warned = messages(drive)
    assert set(warned.values()) == {4}
    reschedule(drive, deadline="2026-11-23T16:00Z")
    drive.run(239.9)
    assert set((messages(drive) - warned).values()) == {4}


def test_a_session_that_takes_no_messages_does_not_multiply_those_of_others() -> None:
    drive = office(3)
    refusing = drive.world.sessions[HOST_POOL_ID.lower()][1].id
    drive.world.refuse("send_message", f"host-01/{refusing}")
    drive.publish(force=90, policy={"canary_hosts": 0})
    drive.run(89.9)
    assert sorted(messages(drive).values()) == [4, 4]


def test_the_last_host_is_undrained_by_hand_after_the_deadline_and_the_rollout_ends_all_the_same() -> None:
    drive = office(0, 1)
    drive.publish(force=60, policy={"after_force": "waves", "min_available": 1, "canary_hosts": 0})
    drive.world.stuck_sessions |= {session.id for session in drive.world.sessions[HOST_POOL_ID.lower()]}
    drive.run(120, until=lambda: HostState.SIGNING_OUT in states(drive))
    assert drive.rows["host-02"].state is HostState.SIGNING_OUT
    assert drive.rows["host-01"].state is HostState.DONE
    hosts(drive)["host-02"] = hosts(drive)["host-02"].model_copy(update={"accepting": True})
    hosts(drive)["host-01"] = hosts(drive)["host-01"].model_copy(update={"status": "Shutdown"})
    drive.world.change_machine(vm_id_of("host-01"), power="deallocated")
    drive.world.log_off("host-02")
    drive.run(600)
    assert_all_well(drive)
