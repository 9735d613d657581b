"""An operator undrains a host that waits in a rollout: it is asked about, and not drained again at once."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_in_service_again,
    assert_over,
    hosts,
    office,
    pause,
    resume,
)
from tests.fixtures.world.azure import HOST_POOL_ID

DEADLINE = 240


def undrain(env: RolloutEnvironment, host: str) -> None:
    """An operator lets new sessions in, or not, by hand."""
    set_accepting(env, host, accepting=True)


def set_accepting(env: RolloutEnvironment, host: str, *, accepting: bool) -> None:
    there = env.world.hosts[HOST_POOL_ID.lower()]
    there[host] = there[host].model_copy(update={"accepting": accepting})


def undrained(*users: int, at: float = 10, **policy: Any) -> RolloutEnvironment:
    """A rollout over hosts with users, the first of which somebody undrains."""
    env = office(*users)
    env.publish(force=DEADLINE, policy=EAGER | policy)
    env.at(at, lambda: undrain(env, "host-01"))
    return env


def drains(env: RolloutEnvironment, host: str) -> int:
    """How often the host was drained or undrained by us."""
    return env.world.count("set_accepting", host)


def test_an_undrained_host_is_asked_about_and_not_drained_again_before_the_deadline() -> None:
    env = undrained(1, 0)
    env.run_to_minute(DEADLINE - 2)
    assert hosts(env)["host-01"].accepting
    assert drains(env, "host-01") == 2  # drained, and given back
    row = env.rows["host-01"]
    assert row.reason and (row.reason.code, row.reason.at) == (Code.UNDRAINED, env.rollout.schedule.force_at)
    assert env.rollout.note and env.rollout.note.code == Code.UNDRAINED
    seen = env.app.send("GET", f"/api/rollouts/{env.rollout_id}").json
    assert seen["undrained"] == ["host-01"]
    assert_in_service_again(env, "host-01")  # autoscale has it meanwhile
    assert env.rows["host-02"].state is HostState.DONE


def test_at_the_deadline_an_undrained_host_is_drained_and_updated_like_any_other() -> None:
    env = undrained(1, 0)
    env.run_to_minute()
    assert_all_well(env)
    assert env.rollout.note is None
    assert env.world.messages  # its user was warned


@pytest.mark.parametrize("users", [0, 1])
def test_whoever_leaves_it_out_gets_it_back_as_it_was(users: int) -> None:
    env = undrained(users, 1, at=0.5 if users == 0 else 10, settle_seconds=300)
    env.at(30, lambda: env.command(selection=env.rollout.selection.replace(exclude=("host-01",))))
    env.run_to_minute()
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.rows["host-01"].reason and env.rows["host-01"].reason.code == Code.EXCLUDED
    assert_in_service_again(env, "host-01")
    assert env.rows["host-01"].version == OLD


def test_whoever_has_it_drained_again_sees_it_updated_before_the_deadline() -> None:
    env = undrained(1)
    env.at(30, lambda: env.command(selection=env.rollout.selection.replace(drain_again=("host-01",))))
    env.at(40, lambda: env.world.log_off("host-01"))
    env.run_to_minute(DEADLINE - 60)
    assert_all_well(env)


def test_a_host_that_is_drained_again_by_hand_is_updated_and_stays_drained() -> None:
    env = undrained(0, settle_seconds=300, at=0.5)
    env.at(30, lambda: set_accepting(env, "host-01", accepting=False))
    env.run_to_minute(DEADLINE - 60)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.versions() == {NEW}
    assert not hosts(env)["host-01"].accepting


def test_a_host_that_is_undrained_in_the_last_moment_is_asked_about_too() -> None:
    env = office(0)
    env.publish(force=DEADLINE, policy=EAGER)
    env.world.meanwhile("session_host", lambda: undrain(env, "host-01"))
    env.run_to_minute(DEADLINE - 60)
    assert env.rows["host-01"].reason and env.rows["host-01"].reason.code == Code.UNDRAINED
    assert hosts(env)["host-01"].accepting
    env.run_to_minute()
    assert_all_well(env)


def test_the_question_outlives_a_pause() -> None:
    env = undrained(1)
    env.at(20, lambda: pause(env))
    env.at(30, lambda: resume(env))
    env.run_to_minute(60)
    assert hosts(env)["host-01"].accepting
    assert env.rows["host-01"].drain.undrained_at


@pytest.mark.parametrize("mode", [ScheduleMode.NOW, ScheduleMode.AT])
def test_after_the_deadline_nobody_is_asked(mode: ScheduleMode) -> None:
    env = office(1)
    env.world.stuck_sessions = {session.id for session in env.world.sessions[HOST_POOL_ID.lower()]}
    env.publish(mode, policy=EAGER)
    env.at(1, lambda: undrain(env, "host-01"))
    env.at(2, env.world.stuck_sessions.clear)
    env.run_to_minute(60)
    assert_over(env, RolloutState.SUCCEEDED)


def test_another_host_becomes_the_canary_when_the_first_one_is_undrained() -> None:
    env = office(0, 0, 0)
    env.publish(force=DEADLINE, policy={"settle_seconds": 300})
    env.at(0.5, lambda: undrain(env, "host-01"))
    env.run_to_minute(DEADLINE - 60)
    assert {host for host, row in env.rows.items() if row.state is HostState.DONE} == {"host-02", "host-03"}
    env.run_to_minute()
    assert_all_well(env)


@pytest.mark.parametrize("call", range(1, 16))
def test_our_own_undrain_is_not_taken_for_an_operators_after_a_crash(call: int) -> None:
    env = office(1)
    env.publish(force=DEADLINE, policy=EAGER)
    env.run_to_minute(10)
    pause(env)
    env.die_at_call(call)
    env.run_to_minute(60)
    resume(env)
    env.run_to_minute(70)
    assert env.rows["host-01"].drain.undrained_at is None
    assert not hosts(env)["host-01"].accepting
