"""Whole rollouts when Azure refuses, throttles, or brings what nobody asked for: no work is lost, nothing hangs."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureBusy, AzureConflict, AzureForbidden
from shared.core.names import EXCLUSION_TAG, FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollout_parts import Checks
from tests.fixtures.builders import NEW, NOON
from tests.fixtures.profiles import PROBE
from tests.fixtures.scenarios.rollouts import (
    assert_all_well,
    assert_in_service_again,
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
def test_a_refusal_in_the_last_step_does_not_disturb_users(method: str, times: int) -> None:
    env = office(0)
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(60, until=lambda: registering(env.world))
    env.world.eager["host-01"] = "ann"
    env.world.fail(method, AzureForbidden(method, 403, "RequestDisallowedByPolicy", "tags"), times=times)
    env.run_to_minute(TWO_DAYS)
    assert_over(env, RolloutState.SUCCEEDED, RolloutState.FAILED)
    assert env.world.users_on("host-01") == ["ann"]
    assert reimaged(env) == {"host-01": 1}
    assert env.world.count("start_join") == env.world.count("start_register") == 1


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_reimaging_an_ephemeral_disk_is_not_tried_more_often_than_retries(retries: int) -> None:
    env = office(0, ephemeral=True)
    checks = Checks(passed_at=NOON)  # somebody has given the host another disk since
    env.publish(ScheduleMode.NOW, policy={"strategy": "reimage", "retries": retries}, fields={"checks": checks})
    env.run_to_minute(TWO_DAYS)
    assert_over(env, RolloutState.FAILED)
    assert env.rows["host-01"].state is HostState.FAILED
    assert env.world.count("start_reimage") <= 1 + retries


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_vm_that_never_gets_the_target_version_is_not_replaced_more_often_than_retries(retries: int) -> None:
    env = office(0)
    env.world.disks_say = "/subscriptions/other/galleries/shared/images/x/versions/2.0.0"
    env.publish(ScheduleMode.NOW, policy={"strategy": "replace", "retries": retries})
    env.run_to_minute(TWO_DAYS)
    assert_over(env, RolloutState.FAILED)
    assert env.rows["host-01"].state is HostState.FAILED
    assert env.world.count("start_delete") <= 1 + retries
    assert env.world.count("start_create") <= 1 + retries


@pytest.mark.parametrize("method", ["start_reimage", "start_join", "registration_token", "start_register", "resume"])
def test_no_host_fails_in_an_hour_of_throttling(method: str) -> None:
    env = office(0, 0, 0)
    env.world.fail(method, AzureBusy(method, 429, "TooManyRequests", "wait", retry_after=60), times=10**9)
    env.at(60, env.world.faults.clear)
    env.publish(policy={"retries": 0, "min_available": 0})
    env.run_to_minute(600)
    assert_all_well(env)


@pytest.mark.parametrize("method", ["start_reimage", "start_join", "registration_token", "start_register", "resume"])
@pytest.mark.parametrize("busy", [True, False])
def test_no_attempt_is_lost_to_a_wait_longer_than_a_step_may_take(method: str, busy: bool) -> None:
    env = office(0, 0, 0)
    named = {"http_status": 429, "code": "TooManyRequests"} if busy else {"http_status": 409, "code": "Conflict"}
    error = (AzureBusy if busy else AzureConflict)(method, message="wait", retry_after=10_000, **named)
    env.world.fail(method, error, times=2)
    env.publish(policy={"retries": 0, "min_available": 0})
    env.run_to_minute(TWO_DAYS)
    assert_all_well(env)


def test_no_attempt_is_lost_to_polls_further_apart_than_a_step_may_take() -> None:
    env = office(0, 0)
    env.world.retry_after = 5_000
    env.publish(policy={"retries": 0, "min_available": 0})
    env.run_to_minute(TWO_DAYS)
    assert_all_well(env)


def test_a_day_of_bake_time_does_not_count_as_a_busy_azure() -> None:
    env = office(0, 0)
    env.publish(policy={"retries": 0, "min_available": 0, "bake_minutes": 1_440})
    env.run_to_minute(900)  # it bakes
    env.world.fail("set_accepting", AzureBusy("undrain", 429, "TooManyRequests", "wait", retry_after=30), times=3)
    env.run_to_minute(2 * TWO_DAYS)
    assert_all_well(env)


@pytest.mark.parametrize("method", ["machine", "update", "set_accepting"])
def test_a_conflict_while_draining_costs_one_pass(method: str) -> None:
    undisturbed = office(0, 0, 0)
    undisturbed.publish(policy={"retries": 0, "min_available": 0})
    undisturbed.run_to_minute(600)
    env = office(0, 0, 0)
    env.world.fail(method, AzureConflict(method, 409, "OperationNotAllowed", "another operation is under way"))
    env.publish(policy={"retries": 0, "min_available": 0})
    env.run_to_minute(600)
    assert_all_well(env)
    assert env.rollout.ended_at is not None
    assert undisturbed.rollout.ended_at is not None
    assert (env.rollout.ended_at - undisturbed.rollout.ended_at).total_seconds() <= 120


def test_a_host_whose_drain_is_refused_fails_and_keeps_none_of_our_tags() -> None:
    env = office(0, 0, 0)
    env.world.refuse("set_accepting", "host-01")
    env.publish(policy={"min_available": 0, "canary_hosts": 0})
    env.run_to_minute(600)
    assert env.rows["host-01"].state is HostState.FAILED
    assert "AuthorizationFailed" in env.rows["host-01"].error
    assert reimaged(env)["host-01"] == 0
    assert hosts(env)["host-01"].accepting
    assert EXCLUSION_TAG not in tags(env, "host-01")
    assert env.world.machines[vm_id_of("host-01").lower()].os_disk_delete_option == "Delete"


@pytest.mark.parametrize("users", [(1, 1), (1, 0, 2)])
def test_a_refused_sign_out_fails_the_host_and_keeps_the_session(users: tuple[int, ...]) -> None:
    env = office(*users)
    env.world.refuse("sign_out")
    env.publish(ScheduleMode.NOW, policy={"max_failed": 9})
    env.run_to_minute(120)
    for host, count in zip(env.rows, users, strict=True):
        assert env.rows[host].state is (HostState.FAILED if count else HostState.DONE)
        assert len(env.world.users_on(host)) == count
    assert "AuthorizationFailed" in env.rows["host-01"].error
    assert_over(env, RolloutState.FAILED)


@pytest.mark.parametrize("method", ["start_deallocate", "update"])
@pytest.mark.parametrize("wait", [None, 300.0])
def test_a_failed_probe_is_final_although_azure_throttles_the_next_call(method: str, wait: float | None) -> None:
    env = office(0, 0)
    env.world.bad_versions.add(NEW)
    busy = AzureBusy(method, 429, "TooManyRequests", "slow down", retry_after=wait)

    def too_busy_once() -> None:
        env.world.fail(method, busy, times=3)
        env.world.bad_versions.clear()  # asked again, the probe would pass

    env.publish(policy={"probe": PROBE, "keep_failed": "none"})
    env.run_to_minute(120, until=lambda: env.world.count("start_probe") > 0)
    env.at((env.now - NOON).total_seconds() / 60, too_busy_once)
    env.run_to_minute(TWO_DAYS)
    assert_over(env, RolloutState.FAILED)
    (failed,) = (row for row in env.rows.values() if row.state is HostState.FAILED)
    assert "probe printers failed" in failed.error
    assert env.world.count("start_probe") == 1
    assert not hosts(env)[failed.host].accepting
    assert FAILED_TAG in tags(env, failed.host)
    assert EXCLUSION_TAG not in tags(env, failed.host)
    assert env.world.under_way("deallocate", vm_id_of(failed.host))


@pytest.mark.parametrize("method", ["start_deallocate", "set_accepting"])
def test_a_failed_return_to_service_is_not_mistaken_for_an_operators_drain(method: str) -> None:
    env = office(0, power="deallocated")
    env.publish(ScheduleMode.NOW, policy={"retries": 0, "bake_minutes": 5})
    env.run_to_minute(60, until=lambda: any(row.check.proving_since for row in env.rows.values()))
    env.world.fail(method, AzureForbidden(method, 403, "RequestDisallowedByPolicy", "no"), times=10**9)
    env.run_to_minute(300)
    assert_over(env, RolloutState.FAILED)
    assert not hosts(env)["host-01"].accepting
    assert FAILED_TAG in tags(env, "host-01")
    assert EXCLUSION_TAG not in tags(env, "host-01")
    env.world.faults.clear()
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(900)
    assert_all_well(env)
    assert_in_service_again(env, "host-01")


def test_a_host_that_registers_too_late_is_drained() -> None:
    env = office(0)
    env.publish(ScheduleMode.NOW, policy={"retries": 0})
    env.run_to_minute(60, until=lambda: registering(env.world))
    (running,) = env.world.running.values()
    running.left = 95  # it is waited for 90 times
    env.run_to_minute(TWO_DAYS)
    assert_over(env, RolloutState.FAILED)
    assert "did not finish" in env.rows["host-01"].error
    assert not hosts(env)["host-01"].accepting
    assert FAILED_TAG in tags(env, "host-01")


def test_a_host_that_autoscale_switched_off_before_our_tag_is_off_again_at_the_end() -> None:
    env = office(0, 0)
    env.world.fail("update", AzureBusy("update", 429, "TooManyRequests", "slow down", retry_after=30), times=2)
    env.publish(ScheduleMode.NOW)

    def switch_off() -> None:
        env.world.change_machine(vm_id_of("host-01"), power="deallocated")
        env.world.change_host(vm_id_of("host-01"), status="Shutdown")

    env.at(0.25, switch_off)
    env.run_to_minute(TWO_DAYS)
    assert_all_well(env)
    assert not env.world.machines[vm_id_of("host-01").lower()].running
    assert env.world.machines[vm_id_of("host-02").lower()].running
