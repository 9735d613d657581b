"""Going back: every host that was touched is what it was, by its kept disk if it is there, and nobody is thrown out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import OperationFailed
from shared.core.names import FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollouts import RolloutKind
from shared.rollouts.hosts import vm_marks
from tests.fixtures.builders import NEW, NOON, OLD
from tests.fixtures.messages import told
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    assert_given_back,
    assert_over,
    cancel,
    hosts,
    in_work,
    office,
    pause,
    resume,
)
from tests.fixtures.world.azure import version_id_of, vm_id_of

ALL_AT_ONCE = EAGER | {"settle_seconds": 0}


def roll_back(drive: Drive) -> None:
    """An operator cancels the rollout with everything going back."""
    reason = {"note": told("Rolled back by ann."), "rollback_reason": told("Rolled back by ann.")}
    drive.command(state=RolloutState.ROLLING_BACK, rollback_since=drive.now, resume_to=None, **reason)


def minutes(drive: Drive) -> float:
    return (drive.now - NOON) / timedelta(minutes=1)


def half_way(drive: Drive) -> None:
    """Run until some hosts are through and others are not."""
    drive.run(until=lambda: any(row.state is HostState.DONE for row in drive.rows.values()))


def assert_back(drive: Drive) -> None:
    """Every host is on the old version, in service, and so is the pool."""
    assert_over(drive, RolloutState.ROLLED_BACK)
    assert drive.versions() == {OLD}
    assert drive.pool.version == OLD
    assert_given_back(drive, *drive.rows)


def test_cancelled_with_roll_back_every_host_that_was_updated_gets_its_disk_back() -> None:
    drive = office(0, 0, 0, 0)
    old = {vm: machine.os_disk_id for vm, machine in drive.world.machines.items()}
    drive.publish(policy={"max_in_flight": 2, "canary_hosts": 0})
    half_way(drive)
    roll_back(drive)
    drive.run(900)
    assert_back(drive)
    assert {vm: machine.os_disk_id for vm, machine in drive.world.machines.items()} == old
    assert drive.world.count("start_reimage") == drive.world.count("start_swap")
    assert str(drive.rollout.note) == "Rolled back by ann."


def test_the_version_of_a_swapped_host_is_known_although_its_vm_names_the_other() -> None:
    drive = office(0)
    drive.publish(policy=ALL_AT_ONCE)
    half_way(drive)
    drive.publish(fields={"kind": RolloutKind.ROLL_BACK, "version": OLD, "version_id": version_id_of(OLD)})
    drive.run(900)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert drive.world.count("start_swap") == 1
    drive.publish(policy=ALL_AT_ONCE)  # forward again: the host must not be taken for updated
    drive.run(1500)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert drive.versions() == {NEW}
    assert drive.world.count("start_reimage") == 2


def test_without_a_kept_disk_a_host_is_re_imaged_to_what_it_was() -> None:
    drive = office(0, 0, 0)
    drive.publish(policy={"keep_old_disk_days": 0, "canary_hosts": 0, "max_in_flight": 1})
    half_way(drive)
    roll_back(drive)
    drive.run(900)
    assert_back(drive)
    assert drive.world.count("start_swap") == 0


def test_a_disk_that_does_not_come_back_to_life_is_followed_by_a_re_image() -> None:
    drive = office(0)
    drive.publish(policy=ALL_AT_ONCE)
    half_way(drive)
    drive.world.register_works = False
    drive.publish(
        policy={"retries": 1},
        fields={"kind": RolloutKind.ROLL_BACK, "version": OLD, "version_id": version_id_of(OLD)},
    )

    def mend() -> None:
        drive.world.register_works = drive.world.register_works or drive.rows["host-01"].attempt > 1

    drive.every_step.append(mend)
    drive.run(900)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert drive.versions() == {OLD}
    assert drive.world.count("start_swap") == 1
    assert drive.world.count("start_reimage") == 2


def test_a_kept_disk_that_is_gone_is_followed_by_a_re_image() -> None:
    drive = office(0, 0)
    drive.publish(policy=ALL_AT_ONCE)
    half_way(drive)
    kept = [disk.disk_id for disk in drive.tables.disks.all("office")]
    drive.world.disks.pop(kept[0])
    roll_back(drive)
    drive.run(900)
    assert_back(drive)


def test_people_on_updated_hosts_are_not_signed_out_before_force_at() -> None:
    drive = office(0, 0)
    drive.publish(policy=EAGER | {"max_in_flight": 1}, force=300)
    half_way(drive)
    done = next(host for host, row in drive.rows.items() if row.state is HostState.DONE)
    drive.world.log_on(done, "eve")
    roll_back(drive)
    drive.run(299)
    assert drive.world.count("sign_out") == 0
    assert drive.rows[done].state is HostState.WAITING_FOR_LOGOFF
    drive.run(900)
    assert_back(drive)
    assert drive.world.count("sign_out") == 1


def test_a_pool_whose_canary_had_passed_gives_new_hosts_the_old_version_as_soon_as_it_goes_back() -> None:
    drive = office(0, 0, 0)
    drive.publish(policy={"min_available": 0}, previous_version="0.9.0")
    drive.run(until=lambda: drive.pool.version == NEW)
    assert drive.pool.previous_version == OLD
    drive.command(from_previous=("0.9.0", None))
    roll_back(drive)
    drive.run(minutes(drive) + 1)
    assert drive.pool.version == OLD
    drive.run(900)
    assert_back(drive)
    assert drive.pool.previous_version == "0.9.0"


def test_a_failed_host_is_brought_back_too() -> None:
    drive = office(0, 0)
    drive.publish(policy={"max_in_flight": 1, "canary_hosts": 0, "retries": 0, "on_failure": "continue"})
    drive.world.register_works = False
    drive.run(until=lambda: any(row.state is HostState.FAILED for row in drive.rows.values()))
    drive.world.register_works = True
    roll_back(drive)
    drive.run(900)
    assert_back(drive)
    assert not any(FAILED_TAG in machine.tags for machine in drive.world.machines.values())


@pytest.mark.parametrize("canary", [0, 1])
def test_too_many_failures_bring_everything_back_when_the_policy_says_so(canary: int) -> None:
    drive = office(0, 0, 0, 0)
    drive.publish(
        policy={"on_failure": "roll_back", "max_failed": 0, "canary_hosts": canary, "retries": 0, "max_in_flight": 2}
    )
    for host in ("host-01", "host-02"):
        boom = OperationFailed("register", None, "Boom", "no agent")
        drive.world.fail_operation("register", boom, target=vm_id_of(host))
    drive.run(900)
    assert_back(drive)
    assert "rolled back" in str(drive.rollout.note)


def test_a_first_host_that_bakes_goes_back_at_once() -> None:
    drive = office(0, 0)
    drive.publish(policy={"bake_minutes": 1_000})
    drive.run(until=lambda: any(row.check.proving_since for row in drive.rows.values()))
    roll_back(drive)
    drive.run(minutes(drive) + 60)
    assert_back(drive)


def test_what_cannot_be_brought_back_is_failed_and_said_so() -> None:
    drive = office(0, 0)
    drive.publish(policy={"canary_hosts": 0, "max_in_flight": 1, "retries": 0})
    half_way(drive)
    drive.world.register_works = False
    roll_back(drive)
    drive.run(900)
    assert_over(drive, RolloutState.FAILED)
    assert "could not be rolled back" in str(drive.rollout.note)
    assert drive.pool.version == OLD


def test_going_back_can_be_paused_resumed_and_cancelled() -> None:
    drive = office(0, 0, 0, 0)
    drive.publish(policy={"canary_hosts": 0, "max_in_flight": 1})
    drive.run(until=lambda: sum(row.state is HostState.DONE for row in drive.rows.values()) == 3)
    roll_back(drive)
    drive.run(until=lambda: any(row.rolling_back and row.state.in_work for row in drive.rows.values()))
    pause(drive)
    drive.run(minutes(drive) + 120)
    assert drive.rollout.state is RolloutState.PAUSED
    assert in_work(drive) == 0
    went = sum(row.rolling_back and row.state is HostState.DONE for row in drive.rows.values())
    resume(drive)
    drive.run(until=lambda: sum(row.rolling_back and row.state is HostState.DONE for row in drive.rows.values()) > went)
    cancel(drive)
    drive.run(minutes(drive) + 120)
    assert_over(drive, RolloutState.CANCELLED)
    assert drive.pool.version == OLD


def test_hosts_found_switched_off_or_drained_are_so_again() -> None:
    drive = office(0, 0)
    drive.world.add_host("off", power="deallocated")
    drive.world.add_host("kept", accepting=False)
    drive.publish(policy=ALL_AT_ONCE)
    drive.run(until=lambda: sum(row.state is HostState.DONE for row in drive.rows.values()) == 3)
    roll_back(drive)
    drive.run(900)
    assert_over(drive, RolloutState.ROLLED_BACK)
    assert drive.versions() == {OLD}
    assert not hosts(drive)["kept"].accepting
    assert not drive.world.machines[vm_id_of("off").lower()].running
    assert all(vm_marks.EXCLUSION_TAG not in machine.tags for machine in drive.world.machines.values())


def test_the_process_may_die_at_any_call_on_the_way_back() -> None:
    for number in range(1, 300, 2):
        drive = office(0, 1)
        drive.publish(ScheduleMode.NOW, policy=ALL_AT_ONCE | {"max_in_flight": 1})
        half_way(drive)
        roll_back(drive)
        drive.die_at_call(number)
        drive.run(1500)
        assert_back(drive)
        assert drive.world.count("start_swap") <= 2
        if not drive.died:
            break


def test_people_on_updated_hosts_are_warned_before_they_are_signed_out_once_more() -> None:
    drive = office(0, 0, 0)
    drive.publish(
        policy=EAGER | {"max_in_flight": 1, "on_failure": "roll_back", "max_failed": 0, "retries": 0}, force=1
    )
    half_way(drive)
    done = next(host for host, row in drive.rows.items() if row.state is HostState.DONE)
    drive.world.log_on(done, "eve")
    left = next(host for host, row in drive.rows.items() if not row.state.ended)
    drive.world.fail_operation("register", OperationFailed("register", None, "Boom", "no agent"), target=vm_id_of(left))
    drive.run(until=lambda: drive.rollout.state is RolloutState.ROLLING_BACK)
    began = drive.now
    drive.run(until=lambda: drive.world.count("sign_out") > 0)
    assert drive.now >= began + timedelta(minutes=15)
    assert len(drive.world.messages) >= 3
    drive.run(minutes(drive) + 300)
    assert_back(drive)
