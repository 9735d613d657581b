"""Caps per hour hold whatever begins hosts and signs people out: what does not fit waits, and says until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.api.rollouts import CancelHow
from shared.core.codes import Code
from shared.core.states import RolloutState
from shared.models.access.caps import CapOverride, Caps
from shared.models.policy import ScheduleMode
from shared.rollouts import control
from shared.services import CAPS
from tests.fixtures.builders import NOON
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_over,
    in_work,
    most,
    office,
)

HOUR = timedelta(hours=1)
BY_REIMAGE = {"strategy": "reimage", **EAGER}


class Record:
    """The simulated Azure's own record: when hosts were re-imaged and sessions ended."""

    def __init__(self, env: RolloutEnvironment) -> None:
        self.reimages: list[datetime] = []
        self.sign_outs: list[datetime] = []
        called = env.world.called

        def recorded(method: str, *given: Any) -> None:
            called(method, *given)
            if method == "start_reimage":
                self.reimages.append(env.now)
            if method == "sign_out":
                self.sign_outs.append(env.now)

        env.world.called = recorded  # type: ignore[method-assign]


def within_an_hour(moments: Sequence[datetime]) -> int:
    """The most of them within any hour."""
    return max((sum(at <= other < at + HOUR for other in moments) for at in moments), default=0)


def capped(*users: int, **caps: int) -> tuple[RolloutEnvironment, Record]:
    env = office(*users)
    env.tables.caps.add(Caps(account="default", changed_at=NOON, **caps))
    return env, Record(env)


def caps(env: RolloutEnvironment) -> Caps:
    row = env.tables.caps.find(CAPS, "default")
    assert row
    return row


def test_no_more_hosts_are_begun_within_an_hour_than_the_cap_allows() -> None:
    env, azure = capped(*[0] * 7, hosts_per_hour=3)
    env.publish(policy=BY_REIMAGE, reimage="works")
    env.run_to_minute(900)
    assert_all_well(env)
    assert (len(azure.reimages), within_an_hour(azure.reimages)) == (7, 3)


def test_hosts_that_do_not_fit_are_not_drained_and_the_rollout_says_when_it_goes_on() -> None:
    env, _ = capped(*[0] * 7, hosts_per_hour=3)
    drained = most(env, lambda env: sum(row.drain.drained_at is not None for row in env.rows.values()) - in_work(env))
    env.publish(policy=BY_REIMAGE, reimage="works")
    env.run_to_minute(50)
    waiting = [row for row in env.rows.values() if not row.state.ended]
    assert len(waiting) == 4
    assert not any(row.drain.drained_at for row in waiting)
    assert {row.reason.code for row in waiting if row.reason} == {Code.WAITS_FOR_CAP}
    note = env.rollout.note
    assert note and note.code == Code.WAITS_FOR_CAP
    assert note.at and note.at > env.now
    assert env.rollout.state is RolloutState.RUNNING
    assert drained() <= 3
    env.run_to_minute(900)
    assert_all_well(env)
    assert env.rollout.note is None


def test_no_more_sessions_are_ended_within_an_hour_than_the_cap_allows() -> None:
    env, azure = capped(2, 2, 2, sign_outs_per_hour=3)
    env.publish(force=30, policy={"warn_minutes": [5], **BY_REIMAGE}, reimage="works")
    env.run_to_minute(900)
    assert_all_well(env)
    assert (len(azure.sign_outs), within_an_hour(azure.sign_outs)) == (6, 3)


def test_a_host_with_more_sessions_than_the_cap_is_emptied_all_the_same() -> None:
    env, azure = capped(5, sign_outs_per_hour=2)
    env.publish(force=30, policy=BY_REIMAGE, reimage="works")
    env.run_to_minute(900)
    assert_all_well(env)
    assert (len(azure.sign_outs), within_an_hour(azure.sign_outs)) == (5, 2)


def test_a_stuck_session_counts_once() -> None:
    env, _ = capped(1, 1, sign_outs_per_hour=2)
    env.world.stuck_sessions.update(one.id for one in next(iter(env.world.sessions.values()))[:1])
    env.publish(force=10, policy={**BY_REIMAGE, "max_failed": 5}, reimage="works")
    env.run_to_minute(40)
    assert sum(caps(env).used.sign_outs.values()) == 2


def test_a_roll_back_is_not_held_up_by_what_others_used() -> None:
    env, azure = capped(*[0] * 6, hosts_per_hour=3)
    env.publish(policy=BY_REIMAGE, reimage="works")
    env.run_to_minute(50)
    assert len(azure.reimages) == 3
    control.cancel(env.services, env.engine, env.rollout_id, "ann", CancelHow.ROLL_BACK)
    env.run_to_minute(100)
    assert_over(env, RolloutState.ROLLED_BACK)
    assert sum(caps(env).used_back.hosts.values()) == 3


def test_an_override_lets_all_hosts_begin_and_counts_them() -> None:
    env, azure = capped(*[0] * 7, hosts_per_hour=3)
    env.tables.caps.replace(caps(env).replace(override=CapOverride(until=NOON + HOUR, reason="fix", by="ann")))
    env.publish(ScheduleMode.NOW, policy=BY_REIMAGE, reimage="works")
    env.run_to_minute(50)
    assert len(azure.reimages) == 7
    assert sum(caps(env).used.hosts.values()) == 7


def test_a_rollout_waits_while_other_pools_fill_the_hour() -> None:
    env, azure = capped(0, 0, pools_per_hour=1)
    env.tables.caps.replace(caps(env).replace(used=caps(env).used.replace(pools={"other": NOON})))
    env.publish(policy=BY_REIMAGE, reimage="works")
    env.run_to_minute(55)
    assert not azure.reimages
    assert env.rollout.note and env.rollout.note.at == NOON + HOUR
    env.run_to_minute(900)
    assert_all_well(env)


@pytest.mark.parametrize("number", range(1, 120, 9))
def test_the_cap_holds_when_the_process_dies(number: int) -> None:
    env, azure = capped(2, 2, 0, 0, 0, hosts_per_hour=2, sign_outs_per_hour=2)
    env.publish(force=30, policy=BY_REIMAGE, reimage="works")
    env.die_at_call(number)
    env.run_to_minute(1_440)
    assert_all_well(env)
    assert within_an_hour(azure.reimages) <= 2
    assert within_an_hour(azure.sign_outs) <= 2


def test_without_caps_nothing_is_written() -> None:
    env = office(0, 0)
    env.publish(policy=BY_REIMAGE, reimage="works")
    env.run_to_minute(900)
    assert_all_well(env)
    assert env.tables.caps.all(CAPS) == []
