"""Registration tokens in a rollout: one that agents reject is replaced, whoever still has it in memory."""

from __future__ import annotations

import pytest

from shared.core.errors import OperationFailed
from shared.models.policy import ScheduleMode
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import assert_all_well, office, registering, reimaged


def expire_tokens(drive: Drive) -> None:
    """All tokens that were made so far are rejected from now on."""
    drive.world.tokens_valid_from = drive.world.tokens_made + 1


@pytest.mark.parametrize("retries", [0, 1])
def test_a_rejected_token_costs_neither_an_attempt_nor_a_rebuild(retries: int) -> None:
    drive = office(0, 0)
    expire_tokens(drive)
    drive.publish(ScheduleMode.NOW, policy={"retries": retries})
    drive.run(24 * 60)
    assert_all_well(drive)
    assert {row.attempt for row in drive.rows.values()} == {1}
    assert set(reimaged(drive).values()) == {1}
    assert drive.world.tokens_made == 1, "the hosts share the new token"


def test_a_token_that_expires_under_the_hosts_costs_each_of_them_one_registration() -> None:
    drive = office(0, 0, 0)
    drive.publish(ScheduleMode.NOW, policy={"retries": 0})
    drive.run(24 * 60, until=lambda: registering(drive.world))
    expire_tokens(drive)
    drive.run(24 * 60)
    assert_all_well(drive)
    assert drive.world.tokens_made <= 1
    assert drive.world.count("start_register") <= 2 * len(drive.rows)


def test_tokens_that_are_always_rejected_fail_the_host_after_its_attempts() -> None:
    drive = office(0)
    drive.world.tokens_valid_from = 99
    drive.publish(ScheduleMode.NOW, policy={"retries": 1})
    drive.run(24 * 60)
    assert "rejected the registration token" in drive.rows["host-01"].error
    assert drive.world.count("start_register") == 4, "each attempt tries one new token"
    assert reimaged(drive) == {"host-01": 1}


def test_a_registration_that_failed_for_another_reason_is_tried_with_another_token_next_time() -> None:
    """Why it failed cannot always be read."""
    drive = office(0)
    drive.world.fail_operation("register", _failure("the script ended"), target="host-01")
    drive.publish(ScheduleMode.NOW, policy={"retries": 1})
    drive.run(24 * 60)
    assert_all_well(drive)
    assert drive.world.tokens_made == 1
    assert drive.rows["host-01"].attempt == 2


def _failure(text: str) -> OperationFailed:
    return OperationFailed("register", None, "VMRunCommandFailed", text)
