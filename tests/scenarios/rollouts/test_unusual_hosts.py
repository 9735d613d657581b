"""Whole rollouts over hosts that are not as one thinks: nobody is disturbed, none is forgotten, all comes to an end."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.names import EXCLUSION_TAG, FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import ReimageSupport
from shared.views.rollout_pages.host_report import view_host
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_in_service_again,
    assert_over,
    hosts,
    in_work,
    most,
    office,
    pause,
    reimaged,
    states,
    tags,
)
from tests.fixtures.world.azure import DEFINITION_ID, vm_id_of

TWO_DAYS = 2 * 24 * 60


@pytest.mark.parametrize("mode", ScheduleMode)
@pytest.mark.parametrize("count", [2, 150])
def test_a_rollout_over_a_pool_on_the_target_succeeds_at_once(mode: ScheduleMode, count: int) -> None:
    env = office(*[1] * count, version=NEW)
    env.publish(mode)
    env.run_to_minute(60)
    assert_all_well(env)
    assert states(env) == {HostState.SKIPPED}
    assert env.world.count("set_accepting") + env.world.count("sign_out") == 0


@pytest.mark.parametrize("mode", ScheduleMode)
def test_a_rollout_over_an_empty_pool_succeeds_at_once(mode: ScheduleMode) -> None:
    env = office()
    env.publish(mode)
    env.run_to_minute(60)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.pool.version == NEW


@pytest.mark.parametrize("users", [0, 2])
def test_a_drained_host_moved_to_another_pool_is_not_touched(users: int) -> None:
    env = office(users, 2, 2, 2)
    env.publish(force=600, policy={"min_available": 1, "canary_hosts": 0, "settle_seconds": 900})
    env.run_to_minute(10)
    assert not hosts(env)["host-01"].accepting
    env.world.move_host("host-01", "bob")
    env.run_to_minute(TWO_DAYS)
    assert env.rows["host-01"].state is HostState.SKIPPED
    assert "no longer in the host pool" in env.rows["host-01"].reason.text
    assert env.world.users_on("host-01") == ["bob"]
    assert EXCLUSION_TAG not in tags(env, "host-01")
    assert_over(env, RolloutState.SUCCEEDED)


def with_one_switched_off(eager_from: int = 10**9) -> RolloutEnvironment:
    """A rollout over a busy host and one that is switched off, at its end. Ann logs on to that one as soon as it
    serves, but not before a call of this number to Azure."""
    env = office(1)
    env.world.add_host("host-02", power="deallocated")
    env.world.eager["host-02"] = "ann"
    env.world.eager_from = eager_from
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(300)
    assert_all_well(env)
    return env


def test_a_powered_off_host_with_a_session_is_not_switched_off_again() -> None:
    last = len(with_one_switched_off().world.calls)
    for call in range(last, 0, -1):
        env = with_one_switched_off(call)
        power = env.world.machines[vm_id_of("host-02").lower()].power
        assert (power == "running") == (env.world.users_on("host-02") == ["ann"]), call
        assert hosts(env)["host-02"].accepting
        told = view_host(env.rows["host-02"], env.rollout, env.now).reason
        assert told is not None
        assert ("switched off, as it was before" in told.text) == (power != "running"), (call, told)
        assert ("stays on" in told.text) == (power == "running"), (call, told)


def test_a_powered_off_host_that_nobody_uses_is_switched_off_again() -> None:
    env = with_one_switched_off()
    assert env.world.machines[vm_id_of("host-02").lower()].power == "deallocated"
    assert_in_service_again(env, "host-02")


@pytest.mark.parametrize("fields", [{"ephemeral": True}, {"definition_id": f"{DEFINITION_ID}-old"}])
def test_hosts_that_can_only_be_replaced_are_not_updated_one_by_one(fields: dict[str, Any]) -> None:
    env = office(*[0] * 10, **fields)
    at_once = most(env, in_work)
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(600)
    assert_all_well(env)
    assert at_once() > 1


def test_a_vm_recreated_before_the_start_is_updated() -> None:
    env = office(0, 0, 0)
    env.world.recreate("host-03", NEW)
    env.publish(ScheduleMode.AT, begin=120)
    env.at(60, lambda: env.world.recreate("host-01", OLD, vm_id=f"{vm_id_of('host-01')}-v2"))
    env.at(60, lambda: env.world.recreate("host-02", OLD))
    env.at(60, lambda: env.world.recreate("host-03", OLD))
    env.run_to_minute(600)
    assert_all_well(env)
    assert states(env) == {HostState.DONE}


@pytest.mark.parametrize("state", [HostState.PENDING, HostState.WAITING_FOR_LOGOFF, HostState.DRAINING])
def test_a_host_missing_in_one_list_is_still_updated(state: HostState) -> None:
    env = office(2, 2, 0 if state is HostState.DRAINING else 2)
    floor = "100%" if state is HostState.PENDING else 0
    settle = 600 if state is HostState.DRAINING else 60
    env.publish(force=200, policy={**EAGER, "min_available": floor, "settle_seconds": settle})
    env.run_to_minute(9.9)
    assert env.rows["host-03"].state is state
    env.world.miss("host-03")
    env.run_to_minute(600)
    assert_all_well(env)
    assert states(env) == {HostState.DONE}


@pytest.mark.parametrize("works", [True, False])
def test_a_host_that_failed_after_its_registration_serves_only_after_verification(works: bool) -> None:
    env = office(0)
    env.world.register_works = False
    env.publish(ScheduleMode.NOW, policy={"retries": 0})
    env.run_to_minute(TWO_DAYS)
    assert_over(env, RolloutState.FAILED)
    assert not hosts(env)["host-01"].accepting
    env.world.register_works = works
    env.publish(ScheduleMode.NOW, begin=TWO_DAYS, policy={"retries": 0})
    env.run_to_minute(2 * TWO_DAYS)
    assert reimaged(env)["host-01"] == 1
    if works:
        assert_all_well(env)
        assert_in_service_again(env, "host-01")
    else:
        assert_over(env, RolloutState.FAILED)
        assert not hosts(env)["host-01"].accepting
        assert FAILED_TAG in tags(env, "host-01")


def test_an_operators_exclusion_tag_survives_a_failure_and_the_next_rollout() -> None:
    env = office(0, tags={EXCLUSION_TAG: "ops"})
    env.world.register_works = False
    env.publish(ScheduleMode.NOW, policy={"retries": 0})
    env.run_to_minute(100)
    assert_over(env, RolloutState.FAILED)
    assert tags(env, "host-01")[EXCLUSION_TAG] == "ops"
    env.world.register_works = True
    env.publish(ScheduleMode.NOW, begin=100)
    env.run_to_minute(600)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.rows["host-01"].state is HostState.DONE
    assert tags(env, "host-01") == {EXCLUSION_TAG: "ops"}


def test_no_more_hosts_than_allowed_are_rebuilt_when_all_log_off_together() -> None:
    env = office(*[2] * 20)
    at_once = most(env, in_work)
    env.publish(force=900, policy={"canary_hosts": 0}, reimage=ReimageSupport.WORKS)
    env.at(60, lambda: [env.world.log_off(host) for host in hosts(env)])  # type: ignore[arg-type,return-value]
    env.run_to_minute(890)
    assert_all_well(env)
    assert 1 < at_once() <= 5


@pytest.mark.parametrize("mode", ScheduleMode)
def test_nothing_is_drained_when_nothing_can_be_rebuilt(mode: ScheduleMode) -> None:
    env = office(0, 1)
    env.publish(mode, replicas=0, policy={"canary_hosts": 0})
    env.run_to_minute(200)
    assert env.world.count("set_accepting") + env.world.count("update") + env.world.count("sign_out") == 0
    assert all(host.accepting for host in hosts(env).values())


def test_the_floor_is_restored_while_a_rollout_is_paused() -> None:
    env = office(*[2] * 10)
    env.publish(force=900, policy={"canary_hosts": 0, "min_available": "50%"})
    env.run_to_minute(10)
    pause(env)
    env.run_to_minute(20)
    accepting = [name for name, host in hosts(env).items() if host.accepting]
    for name in accepting[:4]:
        hosts(env)[name] = hosts(env)[name].model_copy(update={"status": "Unavailable"})
    env.run_to_minute(30)
    assert env.rollout.state is RolloutState.PAUSED
    assert sum(host.serving for host in hosts(env).values()) >= 5
    for name, host in hosts(env).items():
        if host.serving:
            assert EXCLUSION_TAG not in tags(env, name)
