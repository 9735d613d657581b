"""Whoever is signed out was told before, and whoever was told so is signed out, or told that it is not so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.access.two_people.approvers import Approver
from shared.core.errors import AzureBusy
from shared.core.states import HostState
from shared.models.policy import ScheduleMode
from shared.rollouts import control
from tests.fixtures.builders import NEW, NOON
from tests.fixtures.profiles import PROBE
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_over,
    cancel,
    hosts,
    office,
    pause,
    reschedule,
    resume,
)
from tests.fixtures.world.azure import HOST_POOL_ID

MINUTE = timedelta(minutes=1)


def approve(env: RolloutEnvironment) -> None:
    """An operator lets the other hosts follow the canary hosts."""
    control.approve(env.services, env.engine, env.rollout_id, Approver("", frozenset()), "ann")


def texts(env: RolloutEnvironment, session: str) -> list[str]:
    """What a session was shown, in order."""
    return [body for shown, _, body in env.world.messages if shown == session]


def session_on(env: RolloutEnvironment, host: str) -> str:
    """The id of the first session on a host."""
    return next(one.id for one in env.world.sessions[HOST_POOL_ID.lower()] if one.host == host)


def gone_at(env: RolloutEnvironment, *sessions: str) -> dict[str, float]:
    """When each of these sessions ends, in minutes after noon; filled as time passes."""
    found: dict[str, float] = {}

    def look() -> None:
        there = {one.id for one in env.world.sessions[HOST_POOL_ID.lower()]}
        for session in set(sessions) - there - found.keys():
            found[session] = (env.now - NOON) / MINUTE

    env.each_step.append(look)
    return found


def test_if_the_canary_cannot_pass_in_time_the_deadline_of_the_other_hosts_moves_and_their_users_are_told() -> None:
    env = office(1, 1, 1, 1)
    env.publish(force=120)
    canary, *others = [session_on(env, f"host-{number:02}") for number in range(1, 5)]
    gone = gone_at(env, canary, *others)
    env.run_to_minute(99)
    assert env.rollout.schedule.others_force_at is None
    env.run_to_minute(102)
    later = env.rollout.schedule.others_force_at
    assert later == NOON + 143 * MINUTE  # signed out at 120, settled, rebuilt in 20 minutes
    assert all("has moved: you will be signed out at 14:23" in texts(env, one)[-1] for one in others)
    assert "14:00" in texts(env, canary)[-1]
    env.run_to_minute(400)
    assert_all_well(env)
    assert gone[canary] < 121
    assert min(gone[one] for one in others) >= 143


def test_who_logs_on_while_the_canary_is_checked_is_told_at_once() -> None:
    env = office(1, 1, 1, 1)
    env.publish(force=120)
    env.run_to_minute(125)
    eve = env.world.log_on("host-03", "eve")
    env.run_to_minute(126.5)
    assert "signed out at 14:23" in texts(env, eve)[0]
    env.run_to_minute(400)
    assert_all_well(env)


def test_if_the_canary_is_later_than_expected_the_others_are_told_again() -> None:
    env = office(1, 1, 1, 1)
    env.world.resumes_needed = 10_000  # the re-image does not end
    env.publish(force=120)
    other = session_on(env, "host-04")
    env.run_to_minute(150)
    assert "has moved: you will be signed out at 14:3" in texts(env, other)[-1]
    assert len([text for text in texts(env, other) if "has moved" in text]) == 2


def test_with_a_strict_deadline_everybody_is_signed_out_and_only_the_rebuilding_waits() -> None:
    env = office(1, 1, 1, 1)
    env.world.resumes_needed = 30
    env.publish(force=120, policy={"strict_deadline": True})
    env.run_to_minute(125)
    assert env.rollout.schedule.others_force_at is None
    assert not env.world.sessions[HOST_POOL_ID.lower()]
    assert sum(row.state.in_work for row in env.rows.values()) == 1
    env.run_to_minute(600)
    assert_all_well(env)


def test_who_logs_on_after_the_last_warning_is_told_at_logon_and_has_time_to_settle() -> None:
    env = office(1, 0)
    env.publish(force=120, policy={"canary_hosts": 0, "max_unavailable": 1, "min_available": 1})
    env.run_to_minute(119.7)
    eve = env.world.log_on("host-01", "eve")
    gone = gone_at(env, eve)
    env.run_to_minute(400)
    assert_all_well(env)
    assert "signed out" in texts(env, eve)[0]
    assert gone[eve] >= 120.7


def test_mode_now_tells_everybody_at_once_then_settles_then_signs_out() -> None:
    env = office(1, 1)
    sessions = [session_on(env, "host-01"), session_on(env, "host-02")]
    env.publish(ScheduleMode.NOW, policy={"settle_seconds": 120})
    gone = gone_at(env, *sessions)
    env.run_to_minute(0.5)
    assert [texts(env, one) for one in sessions] == [[texts(env, sessions[0])[0]]] * 2
    assert "signed out at 12:02 (in 2 min)" in texts(env, sessions[0])[0]
    env.run_to_minute(200)
    assert_all_well(env)
    assert min(gone.values()) >= 2


def test_after_a_cancel_those_who_were_warned_are_told_that_it_is_off() -> None:
    env = office(1, 1)
    env.publish(ScheduleMode.AT, begin=120)
    session = session_on(env, "host-01")
    env.run_to_minute(100)
    cancel(env)
    env.run_to_minute(110)
    assert "is off for now" in texts(env, session)[-1]
    assert env.rollout.state.ended


def test_after_a_pause_they_are_told_that_it_is_off_and_after_the_resume_they_are_warned_again() -> None:
    env = office(1, 1)
    env.publish(force=120, policy={"canary_hosts": 0})
    session = session_on(env, "host-02")
    env.run_to_minute(100)
    pause(env)
    env.run_to_minute(130)
    assert "is off for now" in texts(env, session)[-1]
    told = len(texts(env, session))
    resume(env)
    env.run_to_minute(132)
    assert "signed out at 14:25 (in 15 min)" in texts(env, session)[told]
    env.run_to_minute(400)
    assert_all_well(env)


def test_after_a_later_deadline_they_are_told_when_it_is_now_and_again_at_each_step() -> None:
    env = office(1)
    env.publish(force=120, policy={"canary_hosts": 0, "warn_minutes": [60]})
    session = session_on(env, "host-01")
    env.run_to_minute(100)
    reschedule(env, deadline="2026-11-24T16:00Z")
    env.run_to_minute(110)
    assert "has moved: you will be signed out at 16:00 on Tue 24 Nov 2026" in texts(env, session)[-1]


def test_nobody_is_warned_on_a_host_that_is_on_the_target_already() -> None:
    env = office(1, 1)
    env.world.add_host("host-03", version=NEW, users=1)
    env.publish(ScheduleMode.AT, begin=120)
    env.run_to_minute(119)
    assert texts(env, session_on(env, "host-03")) == []
    assert texts(env, session_on(env, "host-01"))


def test_a_session_that_azure_refuses_to_tell_is_noted_and_does_not_hold_the_host_up() -> None:
    env = office(1)
    env.world.refuse("send_message")
    env.publish(force=120, policy=EAGER)
    env.run_to_minute(119)
    assert env.rows["host-01"].error
    env.run_to_minute(300)
    assert_all_well(env)


def test_while_azure_is_too_busy_for_messages_the_sign_out_waits_but_not_for_ever() -> None:
    env = office(1)
    session = session_on(env, "host-01")
    gone = gone_at(env, session)
    busy = AzureBusy("user_sessions.send_message", 429, "TooManyRequests", "slow down", retry_after=30)
    env.world.fail("send_message", busy, times=10**9)
    env.publish(force=120, policy=EAGER | {"warn_minutes": []})
    env.run_to_minute(134)
    assert not gone
    env.world.expecting.add(session)  # it cannot be told
    env.run_to_minute(400)
    assert 135 <= gone[session] <= 140
    assert_all_well(env)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_if_the_canary_fails_the_others_are_told_that_it_is_off(end: str) -> None:
    env = office(1, 1, 1)
    env.world.bad_versions.add(NEW)
    env.publish(force=60, policy={"probe": PROBE, "on_failure": "roll_back" if end == "cancelled" else "pause"})
    other = session_on(env, "host-03")
    env.run_to_minute(600)
    assert env.rollout.state.ended
    assert "is off for now" in texts(env, other)[-1]
    assert env.world.violations == []
    assert env.rows["host-03"].state is HostState.SKIPPED
    assert hosts(env)["host-03"].accepting
    assert_over(env, env.rollout.state)


def test_after_a_late_approval_the_users_of_the_other_hosts_are_warned_first() -> None:
    env = office(1, 1, 1, 1)
    env.publish(force=60, policy={"canary_hold": "approve", "max_unavailable": "100%", "min_available": 0})
    other = session_on(env, "host-04")
    gone = gone_at(env, other)
    env.run_to_minute(200)
    assert "is off for now" in texts(env, other)[-1]
    approve(env)
    env.run_to_minute(214)
    assert not gone
    assert "(in 1 min)" not in texts(env, other)[-3]
    env.run_to_minute(600)
    assert gone[other] >= 215
    assert_all_well(env)
