"""A moment that passes while nothing can be done: whoever is signed out later is told first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from tests.fixtures.builders import NOON
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_all_well, office, pause, resume
from tests.scenarios.rollouts.test_roll_back import roll_back

MINUTE = timedelta(minutes=1)


def text(env: RolloutEnvironment) -> int:
    """Messages shown so far."""
    return len(env.world.messages)


def away(env: RolloutEnvironment, minutes: float) -> None:
    """The app dies, and is back so many minutes after noon."""
    env.crash()
    env.app.now = NOON + minutes * MINUTE
    env.recover()


@pytest.mark.parametrize("mode", [ScheduleMode.ON_LOGOFF, ScheduleMode.AT])
def test_users_are_warned_again_after_an_outage_over_the_deadline(mode: ScheduleMode) -> None:
    env = office(1, 2)
    env.publish(mode, begin=120, force=120, policy={"canary_hosts": 0, "warn_minutes": (5, 1)})
    env.run_to_minute(100)
    assert text(env) == 0
    away(env, 180)
    env.run_to_minute(185.9)  # it was back a minute after that
    assert env.world.count("sign_out") == 0
    assert text(env) == 6
    env.run_to_minute(400)
    assert_all_well(env)
    assert env.rollout.progress.signed_out == 3


def test_users_warned_just_before_a_short_outage_are_not_warned_twice() -> None:
    env = office(1)
    env.publish(force=120, policy={"canary_hosts": 0})
    env.run_to_minute(119.5)
    assert text(env) == 4
    away(env, 130)
    env.run_to_minute(135)
    assert text(env) == 4
    assert env.world.count("sign_out") == 1


def test_users_who_signed_in_during_the_outage_are_warned() -> None:
    env = office(1)
    env.publish(force=120, policy={"canary_hosts": 0, "min_available": 1})
    env.run_to_minute(119.5)
    env.world.log_on("host-01", "eve")
    away(env, 130)
    env.run_to_minute(144)
    assert env.world.count("sign_out") == 0
    env.run_to_minute(400)
    assert_all_well(env)


def test_a_rollout_without_warnings_ends_sessions_as_soon_as_it_can() -> None:
    env = office(1)
    env.publish(force=120, policy={"canary_hosts": 0, "warn_minutes": ()})
    env.run_to_minute(100)
    away(env, 180)
    env.run_to_minute(185)
    assert env.world.count("sign_out") == 1


def test_users_are_warned_before_the_next_window_when_hosts_take_longer_than_estimated() -> None:
    env = office(0, 1)
    policy = EAGER | {"windows": [{"from": "11:00", "to": "14:10"}, {"from": "15:00", "to": "18:00"}]}
    env.publish(force=120, policy=policy | {"max_in_flight": 1, "warn_minutes": (5, 1)})
    env.run_to_minute(60)
    for row in env.rows.values():
        if row.state is HostState.DONE and row.ended_at:
            env.tables.hosts.replace(row.model_copy(update={"taken_at": row.ended_at - timedelta(minutes=30)}))
    env.run_to_minute(179)
    assert env.world.count("sign_out") == 0
    before = text(env)
    env.run_to_minute(184.9)
    assert env.world.count("sign_out") == 0
    assert text(env) == before + 2
    env.run_to_minute(600)
    assert_all_well(env)


def test_a_rollout_resumed_outside_the_windows_gets_a_deadline_inside_one() -> None:
    env = office(0, 1)
    policy = EAGER | {"windows": [{"from": "11:00", "to": "14:30"}, {"from": "16:00", "to": "18:00"}]}
    env.publish(force=60, policy=policy | {"warn_minutes": (15, 1)})
    env.at(30, lambda: pause(env))
    env.at(155, lambda: resume(env))
    env.run_to_minute(239)
    assert env.rollout.schedule.force_at == NOON + 240 * MINUTE
    assert env.world.count("sign_out") == 0
    env.run_to_minute(600)
    assert_all_well(env)


def test_a_late_roll_back_warns_users_and_waits_for_no_window() -> None:
    env = office(0, 0, 1)
    env.publish(force=60, policy=EAGER | {"warn_minutes": (5,)})
    env.run_to_minute(50)
    env.world.log_on("host-01", "ann")
    roll_back(env)
    env.run_to_minute(52)
    away(env, 100)
    env.run_to_minute(104)
    assert env.world.count("sign_out") == 0
    env.run_to_minute(400)
    assert env.rollout.state is RolloutState.ROLLED_BACK
