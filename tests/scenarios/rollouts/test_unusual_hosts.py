"""Whole rollouts over hosts that are not as one thinks: nobody is disturbed, none is forgotten, all comes to an end."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.names import EXCLUSION_TAG, FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import ReimageSupport
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    assert_all_well,
    assert_given_back,
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
def test_a_pool_that_is_on_the_target_already_is_through_at_once(mode: ScheduleMode, count: int) -> None:
    drive = office(*[1] * count, version=NEW)
    drive.publish(mode)
    drive.run(60)
    assert_all_well(drive)
    assert states(drive) == {HostState.SKIPPED}
    assert drive.world.count("set_accepting") + drive.world.count("sign_out") == 0


@pytest.mark.parametrize("mode", ScheduleMode)
def test_a_rollout_over_an_empty_pool_is_through_at_once(mode: ScheduleMode) -> None:
    drive = office()
    drive.publish(mode)
    drive.run(60)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert drive.pool.version == NEW


@pytest.mark.parametrize("users", [0, 2])
def test_a_drained_host_that_moved_to_another_pool_is_left_to_its_people_there(users: int) -> None:
    drive = office(users, 2, 2, 2)
    drive.publish(force=600, policy={"min_available": 1, "canary_hosts": 0, "settle_seconds": 900})
    drive.run(10)
    assert not hosts(drive)["host-01"].accepting
    drive.world.move_host("host-01", "bob")
    drive.run(TWO_DAYS)
    assert drive.rows["host-01"].state is HostState.SKIPPED
    assert "no longer in the host pool" in drive.rows["host-01"].reason.text
    assert drive.world.users_on("host-01") == ["bob"]
    assert EXCLUSION_TAG not in tags(drive, "host-01")
    assert_over(drive, RolloutState.SUCCEEDED)


def with_one_switched_off(eager_from: int = 10**9) -> Drive:
    """A rollout over a busy host and one that is switched off, at its end. Ann logs on to that one as soon as it
    serves, but not before a call of this number to Azure."""
    drive = office(1)
    drive.world.add_host("host-02", power="deallocated")
    drive.world.eager["host-02"] = "ann"
    drive.world.eager_from = eager_from
    drive.publish(ScheduleMode.NOW)
    drive.run(300)
    assert_all_well(drive)
    return drive


def test_whoever_logs_on_to_a_powered_off_host_at_any_moment_is_not_switched_off() -> None:
    last = len(with_one_switched_off().world.calls)
    for call in range(last, 0, -1):
        drive = with_one_switched_off(call)
        power = drive.world.machines[vm_id_of("host-02").lower()].power
        assert (power == "running") == (drive.world.users_on("host-02") == ["ann"]), call
        assert hosts(drive)["host-02"].accepting


def test_a_powered_off_host_that_nobody_uses_is_switched_off_again() -> None:
    drive = with_one_switched_off()
    assert drive.world.machines[vm_id_of("host-02").lower()].power == "deallocated"
    assert_given_back(drive, "host-02")


@pytest.mark.parametrize("fields", [{"ephemeral": True}, {"definition_id": f"{DEFINITION_ID}-old"}])
def test_hosts_that_can_only_be_replaced_are_not_done_one_by_one(fields: dict[str, Any]) -> None:
    drive = office(*[0] * 10, **fields)
    at_once = most(drive, in_work)
    drive.publish(ScheduleMode.NOW)
    drive.run(600)
    assert_all_well(drive)
    assert at_once() > 1


def test_a_vm_that_was_created_anew_before_the_beginning_is_updated() -> None:
    drive = office(0, 0, 0)
    drive.world.recreate("host-03", NEW)
    drive.publish(ScheduleMode.AT, begin=120)
    drive.at(60, lambda: drive.world.recreate("host-01", OLD, vm_id=f"{vm_id_of('host-01')}-v2"))
    drive.at(60, lambda: drive.world.recreate("host-02", OLD))
    drive.at(60, lambda: drive.world.recreate("host-03", OLD))
    drive.run(600)
    assert_all_well(drive)
    assert states(drive) == {HostState.DONE}


@pytest.mark.parametrize("state", [HostState.PENDING, HostState.WAITING_FOR_LOGOFF, HostState.DRAINING])
def test_a_host_that_one_list_did_not_name_is_updated_all_the_same(state: HostState) -> None:
    drive = office(2, 2, 0 if state is HostState.DRAINING else 2)
    floor = "100%" if state is HostState.PENDING else 0
    settle = 600 if state is HostState.DRAINING else 60
    drive.publish(force=200, policy={**EAGER, "min_available": floor, "settle_seconds": settle})
    drive.run(9.9)
    assert drive.rows["host-03"].state is state
    drive.world.miss("host-03")
    drive.run(600)
    assert_all_well(drive)
    assert states(drive) == {HostState.DONE}


@pytest.mark.parametrize("works", [True, False])
def test_a_host_that_failed_after_its_registration_serves_only_once_it_is_verified(works: bool) -> None:
    drive = office(0)
    drive.world.register_works = False
    drive.publish(ScheduleMode.NOW, policy={"retries": 0})
    drive.run(TWO_DAYS)
    assert_over(drive, RolloutState.FAILED)
    assert not hosts(drive)["host-01"].accepting
    drive.world.register_works = works
    drive.publish(ScheduleMode.NOW, begin=TWO_DAYS, policy={"retries": 0})
    drive.run(2 * TWO_DAYS)
    assert reimaged(drive)["host-01"] == 1
    if works:
        assert_all_well(drive)
        assert_given_back(drive, "host-01")
    else:
        assert_over(drive, RolloutState.FAILED)
        assert not hosts(drive)["host-01"].accepting
        assert FAILED_TAG in tags(drive, "host-01")


def test_an_operators_own_exclusion_outlives_a_failure_and_the_next_rollout() -> None:
    drive = office(0, tags={EXCLUSION_TAG: "ops"})
    drive.world.register_works = False
    drive.publish(ScheduleMode.NOW, policy={"retries": 0})
    drive.run(100)
    assert_over(drive, RolloutState.FAILED)
    assert tags(drive, "host-01")[EXCLUSION_TAG] == "ops"
    drive.world.register_works = True
    drive.publish(ScheduleMode.NOW, begin=100)
    drive.run(600)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert drive.rows["host-01"].state is HostState.DONE
    assert tags(drive, "host-01") == {EXCLUSION_TAG: "ops"}


def test_no_more_hosts_than_allowed_are_rebuilt_when_all_log_off_together() -> None:
    drive = office(*[2] * 20)
    at_once = most(drive, in_work)
    drive.publish(force=900, policy={"canary_hosts": 0}, reimage=ReimageSupport.WORKS)
    drive.at(60, lambda: [drive.world.log_off(host) for host in hosts(drive)])  # type: ignore[arg-type,return-value]
    drive.run(890)
    assert_all_well(drive)
    assert 1 < at_once() <= 5


@pytest.mark.parametrize("mode", ScheduleMode)
def test_nothing_is_drained_when_nothing_can_be_rebuilt(mode: ScheduleMode) -> None:
    drive = office(0, 1)
    drive.publish(mode, replicas=0, policy={"canary_hosts": 0})
    drive.run(200)
    assert drive.world.count("set_accepting") + drive.world.count("update") + drive.world.count("sign_out") == 0
    assert all(host.accepting for host in hosts(drive).values())


def test_the_floor_is_restored_while_a_rollout_is_paused() -> None:
    drive = office(*[2] * 10)
    drive.publish(force=900, policy={"canary_hosts": 0, "min_available": "50%"})
    drive.run(10)
    pause(drive)
    drive.run(20)
    accepting = [name for name, host in hosts(drive).items() if host.accepting]
    for name in accepting[:4]:
        hosts(drive)[name] = hosts(drive)[name].model_copy(update={"status": "Unavailable"})
    drive.run(30)
    assert drive.rollout.state is RolloutState.PAUSED
    assert sum(host.serving for host in hosts(drive).values()) >= 5
    for name, host in hosts(drive).items():
        if host.serving:
            assert EXCLUSION_TAG not in tags(drive, name)
