"""Registration tokens in a rollout: one that agents reject is replaced, whoever still has it in memory."""

from __future__ import annotations

import pytest

from shared.core.errors import OperationFailed
from shared.core.states import RolloutState
from shared.models.policy import ScheduleMode
from tests.fixtures.scenarios.rollouts import (
    RolloutEnvironment,
    assert_all_well,
    hosts,
    office,
    registering,
    reimaged,
)
from tests.fixtures.world.azure import HOST_POOL_ID


def expire_tokens(env: RolloutEnvironment) -> None:
    """All tokens that were made so far are rejected from now on."""
    env.world.tokens_valid_from = env.world.tokens_made + 1


@pytest.mark.parametrize("retries", [0, 1])
def test_a_rejected_token_costs_neither_an_attempt_nor_a_rebuild(retries: int) -> None:
    env = office(0, 0)
    expire_tokens(env)
    env.publish(ScheduleMode.NOW, policy={"retries": retries})
    env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert {row.attempt for row in env.rows.values()} == {1}
    assert set(reimaged(env).values()) == {1}
    assert env.world.tokens_made == 1, "the hosts share the new token"


def test_a_token_that_expires_under_the_hosts_costs_each_of_them_one_registration() -> None:
    env = office(0, 0, 0)
    env.publish(ScheduleMode.NOW, policy={"retries": 0})
    env.run_to_minute(24 * 60, until=lambda: registering(env.world))
    expire_tokens(env)
    env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert env.world.tokens_made <= 1
    assert env.world.count("start_register") <= 2 * len(env.rows)


def test_tokens_that_are_always_rejected_fail_the_host_after_its_attempts() -> None:
    env = office(0)
    env.world.tokens_valid_from = 99
    env.publish(ScheduleMode.NOW, policy={"retries": 1})
    env.run_to_minute(24 * 60)
    assert "rejected the registration token" in env.rows["host-01"].error
    assert env.world.count("start_register") == 4, "each attempt tries one new token"
    assert reimaged(env) == {"host-01": 1}


def test_a_registration_that_failed_for_another_reason_is_tried_with_another_token_next_time() -> None:
    """Why it failed cannot always be read."""
    env = office(0)
    env.world.fail_operation("register", _failure("the script ended"), target="host-01")
    env.publish(ScheduleMode.NOW, policy={"retries": 1})
    env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert env.world.tokens_made == 1
    assert env.rows["host-01"].attempt == 2


def _failure(text: str) -> OperationFailed:
    return OperationFailed("register", None, "VMRunCommandFailed", text)


def test_a_host_pool_that_gives_out_no_token_loses_no_host() -> None:
    """It became one while the rollout waited: the token is asked for before anything is destroyed."""
    env = office(0, 0)
    env.world.automated.add(HOST_POOL_ID.lower())
    env.publish(ScheduleMode.NOW, policy={"retries": 1, "proof": "none"})
    env.run_to_minute(24 * 60)
    assert env.rollout.state is RolloutState.PAUSED
    assert "registration token" in str(env.rollout.note)
    assert env.world.count("start_reimage") == env.world.count("remove_session_host") == 0
    assert len(hosts(env)) == 2
