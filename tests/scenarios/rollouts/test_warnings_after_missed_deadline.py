"""A moment that passes while nothing can be done: whoever is signed out later is told first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from tests.fixtures.builders import NOON
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import EAGER, assert_all_well, office, pause, resume
from tests.scenarios.rollouts.test_roll_back import roll_back

MINUTE = timedelta(minutes=1)


def text(drive: Drive) -> int:
    """Messages shown so far."""
    return len(drive.world.messages)


def away(drive: Drive, minutes: float) -> None:
    """The app dies, and is back so many minutes after noon."""
    drive.crash()
    drive.now = NOON + minutes * MINUTE
    drive.recover()


@pytest.mark.parametrize("mode", [ScheduleMode.ON_LOGOFF, ScheduleMode.AT])
def test_after_an_outage_over_the_deadline_people_are_warned_before_they_are_signed_out(mode: ScheduleMode) -> None:
    drive = office(1, 2)
    drive.publish(mode, begin=120, force=120, policy={"canary_hosts": 0, "warn_minutes": (5, 1)})
    drive.run(100)
    assert text(drive) == 0
    away(drive, 180)
    drive.run(185.9)  # it was back a minute after that
    assert drive.world.count("sign_out") == 0
    assert text(drive) == 6
    drive.run(400)
    assert_all_well(drive)
    assert drive.rollout.signed_out == 3


def test_who_was_warned_just_before_a_short_outage_is_not_warned_once_more() -> None:
    drive = office(1)
    drive.publish(force=120, policy={"canary_hosts": 0})
    drive.run(119.5)
    assert text(drive) == 4
    away(drive, 130)
    drive.run(135)
    assert text(drive) == 4
    assert drive.world.count("sign_out") == 1


def test_who_logged_on_during_the_outage_is_told() -> None:
    drive = office(1)
    drive.publish(force=120, policy={"canary_hosts": 0, "min_available": 1})
    drive.run(119.5)
    drive.world.log_on("host-01", "eve")
    away(drive, 130)
    drive.run(144)
    assert drive.world.count("sign_out") == 0
    drive.run(400)
    assert_all_well(drive)


def test_a_rollout_without_warnings_ends_sessions_as_soon_as_it_can() -> None:
    drive = office(1)
    drive.publish(force=120, policy={"canary_hosts": 0, "warn_minutes": ()})
    drive.run(100)
    away(drive, 180)
    drive.run(185)
    assert drive.world.count("sign_out") == 1


def test_when_hosts_take_longer_than_was_known_people_are_told_before_the_next_window() -> None:
    drive = office(0, 1)
    policy = EAGER | {"windows": [{"from": "11:00", "to": "14:10"}, {"from": "15:00", "to": "18:00"}]}
    drive.publish(force=120, policy=policy | {"max_in_flight": 1, "warn_minutes": (5, 1)})
    drive.run(60)
    for row in drive.rows.values():
        if row.state is HostState.DONE and row.ended_at:
            drive.tables.hosts.replace(row.model_copy(update={"taken_at": row.ended_at - timedelta(minutes=30)}))
    drive.run(179)
    assert drive.world.count("sign_out") == 0
    before = text(drive)
    drive.run(184.9)
    assert drive.world.count("sign_out") == 0
    assert text(drive) == before + 2
    drive.run(600)
    assert_all_well(drive)


def test_resumed_outside_the_windows_the_deadline_is_in_one() -> None:
    drive = office(0, 1)
    policy = EAGER | {"windows": [{"from": "11:00", "to": "14:30"}, {"from": "16:00", "to": "18:00"}]}
    drive.publish(force=60, policy=policy | {"warn_minutes": (15, 1)})
    drive.at(30, lambda: pause(drive))
    drive.at(155, lambda: resume(drive))
    drive.run(239)
    assert drive.rollout.schedule.force_at == NOON + 240 * MINUTE
    assert drive.world.count("sign_out") == 0
    drive.run(600)
    assert_all_well(drive)


def test_late_on_its_way_back_people_are_told_too_and_no_window_is_waited_for() -> None:
    drive = office(0, 0, 1)
    drive.publish(force=60, policy=EAGER | {"warn_minutes": (5,)})
    drive.run(50)
    drive.world.log_on("host-01", "ann")
    roll_back(drive)
    drive.run(52)
    away(drive, 100)
    drive.run(104)
    assert drive.world.count("sign_out") == 0
    drive.run(400)
    assert drive.rollout.state is RolloutState.ROLLED_BACK
