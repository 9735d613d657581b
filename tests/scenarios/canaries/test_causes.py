"""A canary host fails for a cause outside of the version: the rollout says so, and a retry begins with it again."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.common import ScheduleRequest
from shared.api.rollouts import RetryRequest
from shared.core.errors import AzureBusy, AzureForbidden, AzureRefused, InvalidRequest, OperationFailed
from shared.core.states import HostState, RolloutState
from shared.models.policy import OnFailure
from shared.models.rollouts import FailureCause
from shared.rollouts import control
from shared.views.rollout_pages.host_report import view_host
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.profiles import PROBE
from tests.fixtures.scenarios.rollouts import RolloutEnvironment, assert_all_well, assert_over, hosts, office, resume
from tests.fixtures.texts import check_texts

CAPACITY = AzureRefused("re-image", 409, "AllocationFailed", "We do not have sufficient capacity.")
QUOTA = AzureRefused("re-image", 409, "OperationNotAllowed", "This exceeds the approved Total Regional Cores quota.")
POLICY = AzureForbidden("re-image", 403, "RequestDisallowedByPolicy", "no")
THROTTLED = AzureBusy("re-image", 429, "TooManyRequests", "slow down")
NO_DOMAIN = OperationFailed("join", None, "VMExtensionProvisioningError", "no domain")
REFUSED: list[tuple[str, Any, FailureCause, str]] = [
    ("start_reimage", CAPACITY, FailureCause.CAPACITY, "capacity"),
    ("start_reimage", QUOTA, FailureCause.CAPACITY, "quota"),
    ("start_reimage", THROTTLED, FailureCause.THROTTLED, "too busy"),
    ("start_reimage", POLICY, FailureCause.REFUSED, "policy"),
    ("start_join", NO_DOMAIN, FailureCause.JOIN, "join"),
]
TWO_DAYS = 2 * 24 * 60


def blocked(method: str, error: Any, **policy: Any) -> RolloutEnvironment:
    """A rollout over four idle hosts, whose canary host meets the refusal until `faults` are cleared."""
    env = office(0, 0, 0, 0)
    env.world.fail(method, error, times=10**9)
    env.publish(policy={"strategy": "reimage", "retries": 0, **policy}, force=3 * TWO_DAYS)
    env.run_to_minute(TWO_DAYS, until=lambda: env.rollout.state is RolloutState.PAUSED or env.rollout.state.ended)
    return env


def touched(env: RolloutEnvironment) -> set[str]:
    return {host for host, row in env.rows.items() if row.taken_at}


def nobody_else(env: RolloutEnvironment, canary: str) -> None:
    """From now on no other host may be taken or drained before the canary has passed."""

    def watch() -> None:
        row = env.rows.get(canary)
        if row is None or not (row.check.proved_at or row.state is HostState.DONE):
            assert touched(env) <= {canary}
            assert {name for name, seen in hosts(env).items() if not seen.accepting} <= {canary}

    env.each_step.append(watch)


def retry(env: RolloutEnvironment, **asked: Any) -> None:
    """An operator retries; the environment follows the rollout that does it."""
    env.rollout_id = control.retry(env.services, env.engine, env.rollout_id, RetryRequest(**asked), "ann").id


@pytest.mark.parametrize(("method", "error", "cause", "said"), REFUSED, ids=lambda it: getattr(it, "code", str(it)))
def test_the_note_says_the_cause_and_nothing_of_a_better_version(
    method: str, error: Any, cause: FailureCause, said: str
) -> None:
    env = blocked(method, error)
    note = env.rollout.note
    assert (env.rollout.state, env.pool.running_rollout) == (RolloutState.PAUSED, env.rollout_id)
    assert note and note.code == "canary_blocked"
    assert said in note.text.lower()
    assert "better version" not in note.text
    check_texts({"note": note.model_dump(mode="json")})
    (canary,) = touched(env)
    shown = view_host(env.rows[canary], env.rollout, env.now)
    assert (shown.failed_by, shown.canary, shown.state) == (cause, True, HostState.FAILED)
    assert sum(seen.accepting for seen in hosts(env).values()) == 3


@pytest.mark.parametrize(("method", "error", "cause", "said"), REFUSED, ids=lambda it: getattr(it, "code", str(it)))
def test_a_retry_begins_with_the_same_canary_host_and_the_others_wait_for_it(
    method: str, error: Any, cause: FailureCause, said: str
) -> None:
    env = blocked(method, error)
    (canary,) = touched(env)
    env.world.faults.clear()
    nobody_else(env, canary)
    retry(env)
    env.run_to_minute(3 * TWO_DAYS - 60, until=lambda: env.rollout.progress.canary_passed_at is not None)
    assert env.rollout.progress.canary_passed_at
    assert env.rows[canary].failed_by is None
    env.run_to_minute(3 * TWO_DAYS - 60)
    assert_all_well(env)


def test_the_canary_is_a_canary_again_although_another_host_comes_first_by_name() -> None:
    env = blocked("start_reimage", CAPACITY)
    (canary,) = touched(env)
    assert canary == "host-01"
    for name in hosts(env):
        if name != canary:
            env.world.add_host(f"a-{name}", version=OLD)
            break
    env.world.faults.clear()
    nobody_else(env, canary)
    retry(env)
    env.run_to_minute(3 * TWO_DAYS - 60)
    assert_all_well(env)


def test_a_resumed_rollout_takes_another_canary_host() -> None:
    env = blocked("start_reimage", CAPACITY)
    (first,) = touched(env)
    env.world.faults.clear()
    resume(env)
    env.run_to_minute(3 * TWO_DAYS - 60)
    assert_over(env, RolloutState.FAILED)
    assert env.rows[first].state is HostState.FAILED
    assert env.pool.version == NEW


def test_a_policy_that_rolls_back_does_so_whatever_the_cause() -> None:
    env = blocked("start_join", NO_DOMAIN, on_failure=OnFailure.ROLL_BACK)
    env.world.faults.clear()
    assert env.rollout.state in {RolloutState.ROLLING_BACK, RolloutState.ROLLED_BACK, RolloutState.FAILED}
    assert "better version" not in str(env.rollout.note)


class TestFaultOfTheVersion:
    """It ends the rollout, as before; its retry begins with the canary again and takes the whole pool."""

    def failed(self, **fields: Any) -> RolloutEnvironment:
        env = office(0, 0, 0)
        env.world.bad_versions.add(NEW)
        env.publish(policy={"probe": PROBE}, **fields)
        env.run_to_minute(300, until=lambda: env.rollout.state.ended)
        assert_over(env, RolloutState.FAILED)
        assert "Publish a better version" in str(env.rollout.note)
        return env

    def test_a_retry_takes_the_canary_first_and_then_the_hosts_behind_it(self) -> None:
        env = self.failed(force=TWO_DAYS)
        (canary,) = touched(env)
        assert env.rows[canary].failed_by is FailureCause.VERSION
        env.world.bad_versions.clear()
        nobody_else(env, canary)
        before = env.rollout_id
        retry(env)
        assert env.rollout_id != before
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)
        assert len(env.rows) == 3

    def test_it_asks_for_a_schedule_when_the_deadline_has_passed(self) -> None:
        env = self.failed(force=120)
        env.world.bad_versions.clear()
        env.run_to_minute(200)
        env.app.now = env.rollout.schedule.force_at.replace(hour=20)
        with pytest.raises(InvalidRequest, match="schedule"):
            retry(env)
        later = (env.app.now.replace(hour=23)).isoformat()
        retry(env, schedule=ScheduleRequest.model_validate({"mode": "on_logoff", "deadline": later}))
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)

    def test_it_fails_again_as_a_canary(self) -> None:
        env = self.failed(force=TWO_DAYS)
        (canary,) = touched(env)
        retry(env)
        env.run_to_minute(TWO_DAYS, until=lambda: env.rollout.state.ended)
        assert_over(env, RolloutState.FAILED)
        assert touched(env) == {canary}
        env.world.bad_versions.clear()
        retry(env)
        env.run_to_minute(TWO_DAYS)
        assert_all_well(env)
