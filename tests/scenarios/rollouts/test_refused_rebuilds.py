"""Azure refuses what a host needs: it is tried again after a pause, or not at all; a lost host is not given up soon."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from shared.core.errors import (
    AzureBusy,
    AzureConflict,
    AzureError,
    AzureForbidden,
    AzureNotFound,
    AzureRefused,
    OperationFailed,
)
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.rollouts import RolloutKind
from shared.views.rollout_pages.host_report import view_host
from tests.fixtures.builders import OLD
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_all_well, assert_over, cancel, office
from tests.fixtures.texts import check_texts
from tests.fixtures.world.azure import version_id_of, vm_id_of

VM = vm_id_of("host-01")
TWO_DAYS = 2 * 24 * 60
REPLACE = EAGER | {"strategy": "replace", "retries": 0}
NIC = "Nic(s) in request is reserved for another Virtual Machine for 180 seconds. Please retry after 180 seconds."
QUOTA = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota."
LOST: list[AzureRefused] = [
    AzureRefused("create the VM host-01", 400, "NicReservedForAnotherVm", NIC),
    AzureConflict("create the VM host-01", 409, "SkuNotAvailable", "The requested VM size is not available."),
    AzureConflict("create the VM host-01", 409, "OperationNotAllowed", QUOTA),
    AzureNotFound("create the VM host-01", 404, "ImageNotFound", "The image was not found."),
    OperationFailed("create the VM host-01", None, "AllocationFailed", "We do not have sufficient capacity."),
]


def calls(env: RolloutEnvironment, method: str, target: str = VM) -> list[float]:
    """The seconds after the first call of this method at which each call was made, seen after every step."""
    seen: list[float] = []

    def watch() -> None:
        while len(seen) < env.world.count(method, target):
            seen.append(env.now.timestamp())

    env.each_step.append(watch)
    return seen


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


def refuse(env: RolloutEnvironment, error: AzureRefused, times: int) -> None:
    """Creating the first host's VM is refused so often, or fails after it was accepted."""
    if not isinstance(error, OperationFailed):
        env.world.fail("start_create", error, times=times, target=VM)
        return
    left = [times]

    def again() -> None:
        if left[0] > 0:
            left[0] -= 1
            env.world.fail_operation("create", error, target=VM)
            env.world.meanwhile("start_create", again, target=VM)

    env.world.meanwhile("start_create", again, target=VM)


class TestAttempts:
    """A failed attempt is followed by a pause, and by no attempt when nothing would change."""

    def test_the_pause_between_attempts_grows(self) -> None:
        env = office(0)
        boom = OperationFailed("reimage", None, "Boom", "no disk")
        env.publish(ScheduleMode.NOW, policy={"retries": 2, "strategy": "reimage"})
        for _ in range(2):
            env.world.meanwhile("start_reimage", lambda: env.world.fail_operation("reimage", boom, target=VM))
        times = calls(env, "start_reimage")
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)
        first, second = gaps(times)
        assert 30 <= first < 120 <= second < 300

    def test_a_pause_that_azure_names_is_kept(self) -> None:
        env = office(0)
        env.world.fail("start_reimage", AzureRefused("reimage", 400, "NotNow", "Try again after 500 seconds."))
        env.publish(ScheduleMode.NOW, policy={"retries": 1, "strategy": "reimage"})
        times = calls(env, "start_reimage")
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)
        assert 500 <= gaps(times)[0] < 620

    @pytest.mark.parametrize(
        "error",
        [
            AzureForbidden("reimage", 403, "RequestDisallowedByPolicy", "no"),
            AzureNotFound("reimage", 404, "ImageNotFound", "no"),
            AzureConflict("reimage", 409, "OperationNotAllowed", QUOTA),
            AzureConflict("reimage", 409, "ScopeLocked", "no"),
        ],
        ids=lambda error: error.code,
    )
    def test_what_will_not_pass_is_not_tried_again(self, error: AzureRefused) -> None:
        env = office(0)
        env.world.fail("start_reimage", error, times=10**9)
        env.publish(ScheduleMode.NOW, policy={"retries": 3, "strategy": "reimage"})
        env.run_to_minute(TWO_DAYS)
        assert_over(env, RolloutState.FAILED)
        assert env.world.count("start_reimage") == 1
        assert error.code in env.rows["host-01"].error
        assert env.rows["host-01"].attempt == 1

    def test_a_host_that_is_tried_again_says_so(self) -> None:
        env = office(0)
        env.world.fail("start_reimage", AzureRefused("re-image host-01", 400, "NotNow", "Try again after 500 seconds."))
        env.publish(ScheduleMode.NOW, policy={"retries": 1, "strategy": "reimage"})
        env.run_to_minute(600, until=lambda: env.rows["host-01"].attempt == 2 if env.rows else False)
        told = shown(env)
        assert told["reason"]["code"] == "tried_again"
        assert told["waiting"]["until"] == told["reason"]["at"] > env.now.isoformat().replace("+00:00", "Z")


def shown(env: RolloutEnvironment, host: str = "host-01") -> dict[str, Any]:
    """The host as people see it."""
    view = view_host(env.rows[host], env.rollout, env.now).model_dump(mode="json")
    check_texts(view)
    return view


def held(env: RolloutEnvironment) -> Callable[[], bool]:
    return lambda: bool(env.rows) and env.rows["host-01"].azure_wait.tries > 0


class TestLostHosts:
    """A VM that was deleted and cannot be created again is tried for long, and nothing else is risked meanwhile."""

    @pytest.mark.parametrize("error", LOST, ids=lambda error: error.code)
    def test_it_is_tried_until_it_works_whatever_retries_say(self, error: AzureRefused) -> None:
        env = office(0, 0)
        refuse(env, error, 6)
        env.publish(policy=REPLACE)
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)
        assert env.world.count("start_delete", VM) == 1
        assert env.rows["host-01"].attempt == 1

    @pytest.mark.parametrize("error", LOST, ids=lambda error: error.code)
    def test_it_says_what_it_waits_for_and_until_when(self, error: AzureRefused) -> None:
        env = office(0)
        refuse(env, error, 6)
        env.publish(policy=REPLACE)
        env.run_to_minute(600, until=held(env))
        told = shown(env)
        assert told["reason"]["code"] == "waits_for_azure"
        waiting = told["waiting"]
        assert waiting["since"] <= env.now.isoformat().replace("+00:00", "Z") < waiting["until"]
        assert error.code in waiting["answer"] and error.message in waiting["answer"]
        assert waiting["call"] == "create the VM host-01"

    def test_no_other_host_is_begun_meanwhile(self) -> None:
        env = office(0, 0, 0, 0)
        refuse(env, LOST[-1], 10)
        env.publish(policy=REPLACE | {"max_in_flight": 1})
        env.run_to_minute(600, until=held(env))
        others = {host for host, row in env.rows.items() if row.taken_at and host != "host-01"}
        env.run_to_minute((env.now.hour - 12) * 60 + env.now.minute + 60)
        assert {host for host, row in env.rows.items() if row.taken_at and host != "host-01"} == others
        waiting = [row for row in env.rows.values() if row.state in {HostState.PENDING, HostState.WAITING_FOR_LOGOFF}]
        assert waiting and {row.reason.code for row in waiting if row.reason} == {"waits_for_lost_host"}
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)

    def test_it_is_given_up_after_the_busy_limit(self) -> None:
        env = office(0, 0)
        env.world.fail("start_create", LOST[1], times=10**9, target=VM)
        env.publish(policy=REPLACE)
        env.run_to_minute(11 * 60)
        assert env.rows["host-01"].state is HostState.REIMAGING
        env.run_to_minute(TWO_DAYS)
        assert_over(env, RolloutState.FAILED, RolloutState.PAUSED, RolloutState.SUCCEEDED)
        row = env.rows["host-01"]
        assert row.state is HostState.FAILED and row.vm_body is not None
        assert "12 hours" in row.error and "SkuNotAvailable" in row.error

    def test_a_rollout_that_is_cancelled_meanwhile_still_brings_it_back(self) -> None:
        env = office(0)
        refuse(env, LOST[0], 3)
        env.publish(policy=REPLACE)
        env.run_to_minute(600, until=held(env))
        cancel(env)
        env.run_to_minute(TWO_DAYS)
        assert_over(env, RolloutState.CANCELLED)
        assert env.rows["host-01"].state is HostState.DONE


class TestBusyAzure:
    """A host that waits because Azure is busy says for what, since when, and until when."""

    @pytest.mark.parametrize(
        "error",
        [
            AzureBusy("re-image host-01", 429, "TooManyRequests", "slow down", retry_after=90),
            AzureBusy("re-image host-01", 503, "ServiceUnavailable", "later"),
            AzureConflict("re-image host-01", 409, "OperationNotAllowed", "'update' is in progress"),
        ],
        ids=lambda error: error.code,
    )
    def test_the_host_shows_the_last_answer(self, error: AzureError) -> None:
        env = office(0)
        env.world.fail("start_reimage", error, times=3)
        env.publish(ScheduleMode.NOW, policy={"strategy": "reimage"})
        env.run_to_minute(600, until=lambda: env.world.count("start_reimage") == 2)
        told = shown(env)
        assert told["reason"]["code"] == "waits_for_azure"
        assert told["waiting"]["call"] == "re-image host-01"
        assert error.code in told["waiting"]["answer"]
        first, now = told["waiting"]["since"], env.now.isoformat().replace("+00:00", "Z")
        assert first < now < told["waiting"]["until"]
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)
        assert shown(env)["waiting"] is None


def test_a_host_that_cannot_be_started_on_its_kept_disk_waits_for_capacity() -> None:
    env = office(0)
    env.publish(policy=EAGER)
    env.run_to_minute(300)
    assert_all_well(env)
    error = OperationFailed("switch on host-01", None, "AllocationFailed", "We do not have sufficient capacity.")
    left = [3]

    def again() -> None:
        if left[0] > 0:
            left[0] -= 1
            env.world.fail_operation("power_on", error, target=VM)
            env.world.meanwhile("start_power_on", again, target=VM)

    env.world.meanwhile("start_power_on", again, target=VM)
    back = {"kind": RolloutKind.ROLL_BACK, "version": OLD, "version_id": version_id_of(OLD)}
    env.publish(ScheduleMode.NOW, policy={"retries": 0}, fields=back)
    env.run_to_minute(TWO_DAYS)
    assert_over(env, RolloutState.SUCCEEDED)
    assert (env.world.count("start_swap"), env.world.count("start_reimage"), env.versions()) == (1, 1, {OLD})
