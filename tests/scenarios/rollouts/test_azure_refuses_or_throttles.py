"""Whole rollouts when Azure refuses, throttles, or brings what nobody asked for: no work is lost, nothing hangs."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureBusy, AzureConflict, AzureForbidden
from shared.core.names import EXCLUSION_TAG, FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from tests.fixtures.builders import NEW, NOON
from tests.fixtures.scenarios.rollouts import (
    assert_all_well,
    assert_given_back,
    assert_over,
    hosts,
    office,
    registering,
    reimaged,
    tags,
)
from tests.fixtures.world.azure import vm_id_of

TWO_DAYS = 2 * 24 * 60


@pytest.mark.parametrize("method", ["update", "set_accepting", "machine", "session_host"])
@pytest.mark.parametrize("times", [1, 10**9])
def test_a_refusal_in_the_last_step_disturbs_nobody_who_is_back_at_work(method: str, times: int) -> None:
    drive = office(0)
    drive.publish(ScheduleMode.NOW)
    drive.run(60, until=lambda: registering(drive.world))
    drive.world.eager["host-01"] = "ann"
    drive.world.fail(method, AzureForbidden(method, 403, "RequestDisallowedByPolicy", "tags"), times=times)
    drive.run(TWO_DAYS)
    assert_over(drive, RolloutState.SUCCEEDED, RolloutState.FAILED)
    assert drive.world.users_on("host-01") == ["ann"]
    assert reimaged(drive) == {"host-01": 1}
    assert drive.world.count("start_join") == drive.world.count("start_register") == 1


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_re_imaging_an_ephemeral_disk_is_not_tried_more_often_than_retries_say(retries: int) -> None:
    drive = office(0, ephemeral=True)
    drive.publish(ScheduleMode.NOW, policy={"strategy": "reimage", "retries": retries})
    drive.run(TWO_DAYS)
    assert_over(drive, RolloutState.FAILED)
    assert drive.rows["host-01"].state is HostState.FAILED
    assert drive.world.count("start_reimage") <= 1 + retries


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_vm_whose_disk_is_never_the_target_is_not_replaced_more_often_than_retries_say(retries: int) -> None:
    drive = office(0)
    drive.world.disks_say = "/subscriptions/other/galleries/shared/images/x/versions/2.0.0"
    drive.publish(ScheduleMode.NOW, policy={"strategy": "replace", "retries": retries})
    drive.run(TWO_DAYS)
    assert_over(drive, RolloutState.FAILED)
    assert drive.rows["host-01"].state is HostState.FAILED
    assert drive.world.count("start_delete") <= 1 + retries
    assert drive.world.count("start_create") <= 1 + retries


@pytest.mark.parametrize("method", ["start_reimage", "start_join", "registration_token", "start_register", "resume"])
def test_an_hour_of_throttling_loses_no_host(method: str) -> None:
    drive = office(0, 0, 0)
    drive.world.fail(method, AzureBusy(method, 429, "TooManyRequests", "wait", retry_after=60), times=10**9)
    drive.at(60, drive.world.faults.clear)
    drive.publish(policy={"retries": 0, "min_available": 0})
    drive.run(600)
    assert_all_well(drive)


@pytest.mark.parametrize("method", ["machine", "update", "set_accepting"])
def test_one_conflict_while_draining_costs_nothing_but_a_look(method: str) -> None:
    undisturbed = office(0, 0, 0)
    undisturbed.publish(policy={"retries": 0, "min_available": 0})
    undisturbed.run(600)
    drive = office(0, 0, 0)
    drive.world.fail(method, AzureConflict(method, 409, "OperationNotAllowed", "another operation is under way"))
    drive.publish(policy={"retries": 0, "min_available": 0})
    drive.run(600)
    assert_all_well(drive)
    assert drive.ended_at is not None
    assert undisturbed.ended_at is not None
    assert (drive.ended_at - undisturbed.ended_at).total_seconds() <= 120


def test_a_host_whose_drain_is_refused_fails_and_keeps_nothing_of_ours() -> None:
    drive = office(0, 0, 0)
    drive.world.refuse("set_accepting", "host-01")
    drive.publish(policy={"min_available": 0, "canary_hosts": 0})
    drive.run(600)
    assert drive.rows["host-01"].state is HostState.FAILED
    assert "AuthorizationFailed" in drive.rows["host-01"].error
    assert reimaged(drive)["host-01"] == 0
    assert hosts(drive)["host-01"].accepting
    assert EXCLUSION_TAG not in tags(drive, "host-01")
    assert drive.world.machines[vm_id_of("host-01").lower()].os_disk_delete_option == "Delete"


@pytest.mark.parametrize("users", [(1, 1), (1, 0, 2)])
def test_a_refused_sign_out_fails_the_host_and_not_the_session(users: tuple[int, ...]) -> None:
    drive = office(*users)
    drive.world.refuse("sign_out")
    drive.publish(ScheduleMode.NOW, policy={"max_failed": 9})
    drive.run(120)
    for host, count in zip(drive.rows, users, strict=True):
        assert drive.rows[host].state is (HostState.FAILED if count else HostState.DONE)
        assert len(drive.world.users_on(host)) == count
    assert "AuthorizationFailed" in drive.rows["host-01"].error
    assert_over(drive, RolloutState.FAILED)


@pytest.mark.parametrize("method", ["start_deallocate", "update"])
@pytest.mark.parametrize("wait", [None, 300.0])
def test_a_probe_that_has_failed_is_final_though_azure_is_too_busy_for_what_comes_after(
    method: str, wait: float | None
) -> None:
    drive = office(0, 0)
    drive.world.bad_versions.add(NEW)
    busy = AzureBusy(method, 429, "TooManyRequests", "slow down", retry_after=wait)

    def too_busy_once() -> None:
        drive.world.fail(method, busy, times=3)
        drive.world.bad_versions.clear()  # asked again, the probe would pass

    drive.publish(policy={"probe": {"name": "printers", "script": "exit 0"}, "keep_failed": "none"})
    drive.run(120, until=lambda: drive.world.count("start_probe") > 0)
    drive.at((drive.now - NOON).total_seconds() / 60, too_busy_once)
    drive.run(TWO_DAYS)
    assert_over(drive, RolloutState.FAILED)
    (failed,) = (row for row in drive.rows.values() if row.state is HostState.FAILED)
    assert "probe printers failed" in failed.error
    assert drive.world.count("start_probe") == 1
    assert not hosts(drive)[failed.host].accepting
    assert FAILED_TAG in tags(drive, failed.host)
    assert EXCLUSION_TAG not in tags(drive, failed.host)
    assert drive.world.under_way("deallocate", vm_id_of(failed.host))


@pytest.mark.parametrize("method", ["start_deallocate", "set_accepting"])
def test_a_host_that_could_not_be_given_back_is_not_taken_for_drained_by_an_operator(method: str) -> None:
    drive = office(0, power="deallocated")
    drive.publish(ScheduleMode.NOW, policy={"retries": 0, "bake_minutes": 5})
    drive.run(60, until=lambda: any(row.check.proving_since for row in drive.rows.values()))
    drive.world.fail(method, AzureForbidden(method, 403, "RequestDisallowedByPolicy", "no"), times=10**9)
    drive.run(300)
    assert_over(drive, RolloutState.FAILED)
    assert not hosts(drive)["host-01"].accepting
    assert FAILED_TAG in tags(drive, "host-01")
    assert EXCLUSION_TAG not in tags(drive, "host-01")
    drive.world.faults.clear()
    drive.publish(ScheduleMode.NOW)
    drive.run(900)
    assert_all_well(drive)
    assert_given_back(drive, "host-01")


def test_a_host_whose_registration_comes_too_late_is_drained() -> None:
    drive = office(0)
    drive.publish(ScheduleMode.NOW, policy={"retries": 0})
    drive.run(60, until=lambda: registering(drive.world))
    (running,) = drive.world.running.values()
    running.left = 95  # it is waited for 90 times
    drive.run(TWO_DAYS)
    assert_over(drive, RolloutState.FAILED)
    assert "did not finish" in drive.rows["host-01"].error
    assert not hosts(drive)["host-01"].accepting
    assert FAILED_TAG in tags(drive, "host-01")


def test_a_host_that_autoscale_switches_off_before_azure_lets_it_be_marked_is_off_again_in_the_end() -> None:
    drive = office(0, 0)
    drive.world.fail("update", AzureBusy("update", 429, "TooManyRequests", "slow down", retry_after=30), times=2)
    drive.publish(ScheduleMode.NOW)

    def switch_off() -> None:
        drive.world.change_machine(vm_id_of("host-01"), power="deallocated")
        drive.world.change_host(vm_id_of("host-01"), status="Shutdown")

    drive.at(0.25, switch_off)
    drive.run(TWO_DAYS)
    assert_all_well(drive)
    assert not drive.world.machines[vm_id_of("host-01").lower()].running
    assert drive.world.machines[vm_id_of("host-02").lower()].running
