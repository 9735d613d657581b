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
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_in_service_again,
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


def all_drained(*users: int, **fields: Any) -> RolloutEnvironment:
    """A pool whose hosts are all drained, with a deadline far ahead."""
    env = office(*users, **fields)
    env.publish(force=600, policy=EAGER)
    env.run_to_minute(10)
    assert not any(host.accepting for host in hosts(env).values())
    return env


def sessions_stick(env: RolloutEnvironment) -> None:
    """Signing out ends nobody's session, until `stuck_sessions` is cleared."""
    env.world.stuck_sessions = {session.id for session in env.world.sessions[HOST_POOL_ID.lower()]}


def messages(env: RolloutEnvironment) -> Counter[str]:
    """How many messages each session has been shown."""
    return Counter(session for session, _, _ in env.world.messages)


def test_a_cancelled_rollout_over_150_hosts_leaves_none_of_them_open() -> None:
    env = office(*[0] * 150)
    env.publish(ScheduleMode.AT, begin=600)
    env.at(10, lambda: cancel(env))
    env.run_to_minute(60)
    assert_over(env, RolloutState.CANCELLED)
    assert states(env) == {HostState.SKIPPED}
    assert len(env.rows) == 150
    assert brief(env.rollout, env.now).percent == 0


def test_a_rollout_cancelled_half_way_shows_50_percent_in_lists_too() -> None:
    env = office(0, 0, 1, 1)
    env.publish(force=600, policy={"canary_hosts": 0, "max_unavailable": "50%"})
    env.run_to_minute(until=lambda: sum(row.state is HostState.DONE for row in env.rows.values()) == 2)
    cancel(env)
    env.run_to_minute(60)
    assert_over(env, RolloutState.CANCELLED)
    assert progress(env.rollout, list(env.rows.values()), env.now).percent == brief(env.rollout, env.now).percent == 50


def test_cancelling_returns_150_drained_hosts_to_service() -> None:
    env = all_drained(*[1] * 150)
    cancel(env)
    env.run_to_minute(60)
    assert_over(env, RolloutState.CANCELLED)
    assert_in_service_again(env, *hosts(env))


def test_a_deleted_drained_host_does_not_block_a_cancellation() -> None:
    env = all_drained(1, 1)
    env.world.log_off("host-01")
    del hosts(env)["host-01"]
    cancel(env)
    env.run_to_minute(60)
    assert_over(env, RolloutState.CANCELLED)
    assert env.rows["host-01"].state is HostState.SKIPPED
    assert_in_service_again(env, "host-02")


@pytest.mark.parametrize("method", ["set_accepting", "update", "machine"])
def test_a_host_that_cannot_return_to_service_fails_and_the_rollout_is_cancelled(method: str) -> None:
    env = all_drained(1, 1)
    env.world.refuse(method, "host-01")
    cancel(env)
    env.run_to_minute(24 * 60)
    assert_over(env, RolloutState.CANCELLED)
    assert env.rows["host-01"].state is HostState.FAILED
    assert "AuthorizationFailed" in env.rows["host-01"].error
    assert_in_service_again(env, "host-02")


@pytest.mark.parametrize("call", ["session_hosts", "host_pool", "machine", "update", "set_accepting"])
def test_a_reschedule_during_the_first_pass_takes_effect_or_is_refused(call: str) -> None:
    env = office(1, 0, 0, 0)
    env.publish(ScheduleMode.AT, begin=60)
    refusals: list[InvalidRequest] = []

    def move() -> None:
        try:
            reschedule(env, at="2026-11-24T01:00Z")
        except InvalidRequest as refusal:
            refusals.append(refusal)

    env.run_to_minute(59.9)
    env.world.meanwhile(call, move)
    env.run_to_minute(120)
    if not refusals:
        assert_in_service_again(env, *hosts(env))
        env.run_to_minute(12 * 60)
        assert_in_service_again(env, *hosts(env))
        assert env.rollout.progress.signed_out == 0
        env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert bool(refusals) == (env.rollout.ended_at is not None and env.rollout.ended_at.day == 23)


@pytest.mark.parametrize("users", [0, 1])
@pytest.mark.parametrize("look", range(1, 7))
def test_no_host_starts_after_a_pause_was_answered(users: int, look: int) -> None:
    env = office(*[users] * 4)
    begun_by_then: list[list[int]] = []

    def begun() -> list[int]:
        taken = sum(row.taken_at is not None for row in env.rows.values())
        return [env.world.count("sign_out"), taken]

    def paused_during_a_look() -> None:
        pause(env)
        begun_by_then.append(begun())

    for _ in range(look - 1):
        env.world.meanwhile("host_pool", lambda: None)
    env.world.meanwhile("host_pool", paused_during_a_look)
    env.publish(ScheduleMode.NOW, reimage=ReimageSupport.WORKS)
    env.run_to_minute(600)
    assert env.rollout.state is RolloutState.PAUSED
    assert begun_by_then == [begun()]
    waiting = [host for host, row in env.rows.items() if not row.taken_at]
    assert all(hosts(env)[host].accepting for host in waiting)  # nobody knows for how long it is paused


@pytest.mark.parametrize("change", ["cancel", "reschedule"])
def test_a_lost_signal_delays_a_command_by_15_minutes_at_most(change: str) -> None:
    env = office(0, 0)
    env.engine.loses_signals = True
    env.publish(ScheduleMode.AT, begin=WEEK, policy={"warn_minutes": ()})
    env.run_to_minute(10)
    if change == "cancel":
        cancel(env)
    else:
        reschedule(env, at="2026-11-23T12:11Z")
    env.run_to_minute(26)
    if change == "cancel":
        assert_over(env, RolloutState.CANCELLED)
    else:
        assert env.rollout.started_at is not None
        env.run_to_minute(60)
        assert_all_well(env)


@pytest.mark.parametrize("outage", [False, True])
@pytest.mark.parametrize("minutes", [1, 20, 60])
def test_a_pause_during_the_sign_out_fails_no_host(minutes: int, *, outage: bool) -> None:
    env = office(1, 1)
    env.publish(ScheduleMode.NOW)
    sessions_stick(env)
    env.run_to_minute(2)
    assert states(env) == {HostState.SIGNING_OUT}
    if outage:
        env.crash()
        env.app.now += minutes * MINUTE
        env.world.stuck_sessions.clear()
        env.recover()
    else:
        pause(env)
        env.run_to_minute(2 + minutes)
        env.world.stuck_sessions.clear()
        resume(env)
    env.run_to_minute(120)
    assert_all_well(env)


def test_a_host_with_stuck_sessions_fails_after_a_pause_and_another_attempt() -> None:
    env = office(1)
    env.publish(ScheduleMode.NOW)
    sessions_stick(env)
    env.at(2, lambda: pause(env))
    env.run_to_minute(30)
    tried = env.world.count("sign_out")
    resume(env)
    env.run_to_minute(120)
    assert_over(env, RolloutState.FAILED)
    assert env.world.count("sign_out") > tried
    assert len(env.world.users_on("host-01")) == 1


def test_users_are_warned_again_when_the_deadline_moves_during_the_sign_out() -> None:
    env = office(1, 1)
    env.publish(force=30, policy=EAGER)
    sessions_stick(env)
    env.run_to_minute(31.5)
    pause(env)
    warned = messages(env)
    signed_out = env.world.count("sign_out")
    env.world.stuck_sessions.clear()
    reschedule(env, deadline="2026-11-23T16:00Z")
    resume(env)
    env.run_to_minute(239.9)
    assert set((messages(env) - warned).values()) == {5}  # that it is off, and each step of the new deadline
    assert env.world.count("sign_out") == signed_out
    env.run_to_minute(400)
    assert_all_well(env)


def test_a_later_deadline_repeats_the_warnings() -> None:
    env = office(1, 1)
    env.publish(force=30, policy={"canary_hosts": 0})
    env.run_to_minute(29.5)
    warned = messages(env)
    assert set(warned.values()) == {4}
    reschedule(env, deadline="2026-11-23T16:00Z")
    env.run_to_minute(239.9)
    assert set((messages(env) - warned).values()) == {5}  # that it has moved, and each step


def test_a_session_that_takes_no_messages_does_not_repeat_the_messages_of_others() -> None:
    env = office(3)
    refusing = env.world.sessions[HOST_POOL_ID.lower()][1].id
    env.world.refuse("send_message", f"host-01/{refusing}")
    env.publish(force=90, policy={"canary_hosts": 0})
    env.run_to_minute(89.9)
    assert sorted(messages(env).values()) == [4, 4]


def test_a_rollout_ends_although_the_last_host_is_undrained_by_hand_after_the_deadline() -> None:
    env = office(0, 1)
    env.publish(force=60, policy={"after_force": "waves", "min_available": 1, "canary_hosts": 0})
    env.world.stuck_sessions |= {session.id for session in env.world.sessions[HOST_POOL_ID.lower()]}
    env.run_to_minute(120, until=lambda: HostState.SIGNING_OUT in states(env))
    assert env.rows["host-02"].state is HostState.SIGNING_OUT
    assert env.rows["host-01"].state is HostState.DONE
    hosts(env)["host-02"] = hosts(env)["host-02"].model_copy(update={"accepting": True})
    hosts(env)["host-01"] = hosts(env)["host-01"].model_copy(update={"status": "Shutdown"})
    env.world.change_machine(vm_id_of("host-01"), power="deallocated")
    env.world.log_off("host-02")
    env.run_to_minute(600)
    assert_all_well(env)
