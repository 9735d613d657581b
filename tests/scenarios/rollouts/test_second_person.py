"""Whole rollouts that wait for a second person: nothing is touched before the approval, and nothing without it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.policy import ScheduleMode
from shared.models.pools import EntraJoin, Ring
from tests.fixtures.profiles import PROFILE
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_over,
    hosts,
    in_work,
    office,
    states,
)

WRITES = (
    "set_accepting", "update", "sign_out", "send_message", "remove_session_host", "start_reimage", "start_update",
)  # fmt: skip
WEEK = 7 * 24 * 60


def two_people(env: RolloutEnvironment, rule: TwoPeople = TwoPeople.ALWAYS) -> None:
    """From now on the ring asks for a second person."""
    row = Limits(account="default", ring=Ring.PRODUCTION, two_people=rule, changed_at=env.now)
    env.tables.limits.add(row)


def approve(env: RolloutEnvironment, name: str = "ann") -> None:
    reply = env.app.send(
        "POST", f"/api/rollouts/{env.rollout_id}/approve", {}, headers={"x-dev-name": name, "x-dev-role": "approver"}
    )
    assert reply.status == 202, reply.text


def change(env: RolloutEnvironment, **body: Any) -> None:
    reply = env.app.send("PATCH", f"/api/rollouts/{env.rollout_id}", body, headers={"x-dev-name": "oscar"})
    assert reply.status == 202, reply.text


def assert_untouched(env: RolloutEnvironment) -> None:
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL, env.rollout.state
    assert env.rollout.started_at is None
    assert not {call: env.world.count(call) for call in WRITES if env.world.count(call)}
    assert all(host.accepting for host in hosts(env).values())
    assert states(env) <= {HostState.PENDING}


@pytest.mark.parametrize("mode", ScheduleMode)
def test_nothing_is_touched_and_nobody_warned_before_the_approval(mode: ScheduleMode) -> None:
    env = office(1, 0, 2)
    two_people(env)
    env.publish(mode, begin=0 if mode is ScheduleMode.NOW else 30)
    env.run_to_minute(400)
    assert_untouched(env)
    approve(env)
    env.run_to_minute(until=lambda: env.rollout.state.ended)
    assert_all_well(env)


def test_users_are_warned_after_a_late_approval_before_they_are_signed_out() -> None:
    env = office(1)
    two_people(env)
    env.publish(ScheduleMode.AT, begin=60, policy={"warn_minutes": (15,)})
    env.run_to_minute(100)
    approve(env)
    env.run_to_minute(110)
    assert env.world.messages
    assert env.world.count("sign_out") == 0
    env.run_to_minute(until=lambda: env.rollout.state.ended)
    assert_all_well(env)


def test_without_an_approval_it_ends_failed_and_frees_the_pool() -> None:
    env = office(1)
    two_people(env)
    env.publish(force=600)
    env.run_to_minute(WEEK + 200, until=lambda: env.rollout.state.ended)
    assert_over(env, RolloutState.FAILED)
    assert env.rollout.note
    assert env.rollout.note.code == Code.APPROVAL_EXPIRED
    assert "canary" not in env.rollout.note.text
    assert env.pool.running_rollout == ""
    assert not any(env.world.count(call) for call in WRITES)


def test_a_pool_on_the_version_waits_too_since_new_hosts_would_follow() -> None:
    env = office()
    two_people(env)
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(10)
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL


def test_another_join_after_the_approval_waits_again_before_a_host_is_touched() -> None:
    env = office(1)
    two_people(env)
    env.publish(ScheduleMode.AT, begin=600, policy={"warn_minutes": ()})
    env.run_to_minute(10)
    approve(env)
    env.run_to_minute(500)
    assert env.rollout.state is RolloutState.SCHEDULED
    env.tables.pools.replace(env.pool.model_copy(update={"join": EntraJoin(kind="entra"), "changed_by_id": "eve"}))
    env.run_to_minute(700)
    assert_untouched(env)
    assert env.rollout.note
    assert env.rollout.note.code == Code.WAITS_AFTER_CHANGE


def test_another_join_profile_after_the_approval_waits_again_before_a_host_is_touched() -> None:
    env = office(1)
    two_people(env)
    env.publish(ScheduleMode.AT, begin=600, policy={"warn_minutes": ()})
    env.run_to_minute(10)
    approve(env)
    env.run_to_minute(500)
    profile = env.tables.join_profiles.find("default", PROFILE)
    assert profile
    env.tables.join_profiles.replace(profile.replace(domain="evil.local"))
    env.run_to_minute(700)
    assert_untouched(env)
    assert env.rollout.note
    assert env.rollout.note.code == Code.WAITS_AFTER_CHANGE


def test_a_ring_that_begins_to_ask_stops_what_has_not_begun_and_nothing_else() -> None:
    env = office(1)
    env.publish(ScheduleMode.AT, begin=600, policy={"warn_minutes": ()})
    env.run_to_minute(10)
    two_people(env)
    env.run_to_minute(700)
    assert_untouched(env)
    begun = office(1)
    begun.publish(force=60, policy=EAGER)
    begun.run_to_minute(10)
    two_people(begun)
    begun.run_to_minute(until=lambda: begun.rollout.state.ended)
    assert_all_well(begun)


def test_a_date_that_freshcoat_moves_keeps_the_approval() -> None:
    env = office(1)
    two_people(env)
    env.publish(ScheduleMode.AT, begin=60, policy={"warn_minutes": (15,)})
    env.run_to_minute(10)
    approve(env)
    env.run_to_minute(20)
    env.app.now += timedelta(minutes=90)  # the app is away while the deadline passes
    env.run_to_minute(600, until=lambda: env.rollout.state.ended)
    assert env.rollout.schedule.force_at > env.rollout.created_at + timedelta(minutes=60)
    assert_all_well(env)


def test_a_loosened_rollout_finishes_its_hosts_in_work_and_begins_no_other_before_the_approval() -> None:
    env = office(*[0] * 6)
    two_people(env)
    env.publish(policy=EAGER | {"max_in_flight": 1})
    env.run_to_minute(5)
    approve(env)
    env.run_to_minute(until=lambda: in_work(env) == 1)
    change(env, policy={"max_in_flight": 6})
    env.run_to_minute(300)
    done = sum(row.state is HostState.DONE for row in env.rows.values())
    assert env.rollout.state is RolloutState.AWAITING_APPROVAL
    assert (done, in_work(env)) == (1, 0)
    assert all(host.accepting for host in hosts(env).values())
    approve(env)
    env.run_to_minute(until=lambda: env.rollout.state.ended)
    assert_all_well(env)
