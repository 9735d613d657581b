"""Hosts that may still be joined: a trust that holds is left alone, and a failed domain join says why."""

from __future__ import annotations

import pytest

from shared.core.errors import OperationFailed
from shared.core.states import HostState
from shared.models.policy import ScheduleMode
from shared.models.pools import EntraJoin
from tests.fixtures.profiles import JOIN
from tests.fixtures.scenarios.rollouts import assert_all_well, office, reimaged
from tests.fixtures.world.azure import vm_id_of

ENTRA = EntraJoin(kind="entra")
SCRIPT_FAILED = OperationFailed("register", None, "VMRunCommandFailed", "the script ended")


@pytest.mark.parametrize("join", [JOIN, ENTRA])
def test_another_attempt_does_not_join_a_host_that_has_joined(join: object) -> None:
    env = office(0)
    env.world.fail_operation("register", SCRIPT_FAILED, target="host-01")
    env.publish(ScheduleMode.NOW, policy={"retries": 1}, join=join)
    env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert env.rows["host-01"].attempt == 2
    assert env.world.count("start_join") == 1
    assert env.world.count("remove_device") == 0, "its device is the one that it needs"


def test_another_attempt_joins_a_host_that_is_not_trusted() -> None:
    env = office(0)
    env.world.fail_operation("register", SCRIPT_FAILED, target="host-01")
    env.world.meanwhile("start_register", env.world.joined.clear)
    env.publish(ScheduleMode.NOW, policy={"retries": 1})
    env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert env.world.count("start_join") == 2


def test_a_host_whose_join_cannot_be_read_joins() -> None:
    env = office(0)
    env.world.fail_operation("register", SCRIPT_FAILED, target="host-01")
    env.world.fail_operation("inspect", OperationFailed("inspect", None, "Failed", "no"), target="host-01")
    env.world.meanwhile("start_register", env.world.joined.clear)
    env.publish(ScheduleMode.NOW, policy={"retries": 1})
    env.run_to_minute(24 * 60)
    assert_all_well(env)


def test_a_domain_join_that_failed_says_what_the_domain_refused() -> None:
    env = office(0)
    generic = OperationFailed("join", None, "VMExtensionProvisioningError", "Exception(s) occurred while joining")
    env.world.fail_operation("join", generic, target="host-01")
    env.world.join_logs[vm_id_of("host-01").lower()] = ("NetpDoDomainJoin: status: 0xaac",)
    env.publish(ScheduleMode.NOW, policy={"retries": 0})
    env.run_to_minute(24 * 60)
    row = env.rows["host-01"]
    assert row.state is HostState.FAILED
    assert "KB5020276" in row.error and "Exception(s) occurred while joining" in row.error


def test_the_log_is_read_again_for_each_failure_and_kept_out_of_the_next_attempt() -> None:
    env = office(0)
    generic = OperationFailed("join", None, "VMExtensionProvisioningError", "Exception(s) occurred while joining")
    env.world.fail_operation("join", generic, target="host-01")
    env.publish(ScheduleMode.NOW, policy={"retries": 1})
    env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert reimaged(env) == {"host-01": 1}


def test_a_join_that_failed_fails_with_its_own_words_when_the_log_cannot_be_read() -> None:
    env = office(0)
    generic = OperationFailed("join", None, "VMExtensionProvisioningError", "Exception(s) occurred while joining")
    env.world.fail_operation("join", generic, target="host-01")
    env.world.refuse("join_facts")
    env.publish(ScheduleMode.NOW, policy={"retries": 0})
    env.run_to_minute(24 * 60)
    assert "Exception(s) occurred while joining" in env.rows["host-01"].error
