"""At its end a rollout compares each VM with what it was, and gives back what it has left behind."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureConflict, AzureRefused
from shared.core.names import EXCLUSION_TAG, FAILED_TAG, ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import DeleteOption
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_over, hosts, office, tags
from tests.fixtures.world.azure import vm_id_of
from tests.scenarios.rollouts.test_waves_and_failures import fail

VM = vm_id_of("host-01")
REFUSED = AzureRefused("update", 400, "Boom", "not now")


def option(env: RolloutEnvironment) -> DeleteOption | None:
    return env.world.machines[VM.lower()].os_disk_delete_option


def test_a_host_that_failed_with_its_marks_is_given_back_to_autoscale_at_the_end() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue", "max_in_flight": 1})
    fail(env, "host-01", kind="join")

    def refuse() -> None:
        env.world.fail("update", REFUSED, target=VM)

    env.world.meanwhile("start_join", refuse, target=VM)
    env.run_to_minute(900)
    assert_over(env, RolloutState.FAILED)
    assert env.rows["host-01"].state is HostState.FAILED
    assert EXCLUSION_TAG not in tags(env, "host-01")
    assert {FAILED_TAG, ROLLOUT_TAG} <= set(tags(env, "host-01"))
    assert option(env) == DeleteOption.DELETE


def test_a_healthy_host_that_could_not_be_given_back_is_at_the_end() -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue", "max_in_flight": 1})
    env.run_to_minute(240, until=lambda: "host-01" in env.rows and env.rows["host-01"].step == "await_healthy")
    env.world.fail("update", REFUSED, target=VM)
    env.run_to_minute(900)
    assert_over(env, RolloutState.FAILED)
    assert hosts(env)["host-01"].accepting
    assert tags(env, "host-01") == {}
    assert option(env) == DeleteOption.DELETE


@pytest.mark.parametrize("error", [REFUSED, AzureConflict("update", 409, "Busy", "another operation")])
def test_what_azure_refuses_to_give_back_is_told(error: AzureRefused) -> None:
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue", "max_in_flight": 1})
    env.run_to_minute(240, until=lambda: "host-01" in env.rows and env.rows["host-01"].step == "await_healthy")
    env.world.fail("update", error, times=900, target=VM)
    env.run_to_minute(2000)
    assert_over(env, RolloutState.FAILED)
    assert "its VM is not as it was before" in env.rows["host-01"].error


def test_an_operators_change_after_the_end_of_a_host_is_left_alone() -> None:
    env = office(0, 0)
    env.world.change_machine(VM, tags={EXCLUSION_TAG: "ops"})
    env.publish(policy=EAGER | {"max_in_flight": 1})
    env.run_to_minute(240, until=lambda: "host-01" in env.rows and env.rows["host-01"].state is HostState.DONE)
    env.world.change_machine(VM, tags={"owner": "desk"})
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert tags(env, "host-01") == {"owner": "desk"}
