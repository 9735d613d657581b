"""Whole rollouts that replace VMs or swap disks: what Azure checks is heeded, and what can be put back is."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureRefused, OperationFailed
from shared.core.states import RolloutState
from shared.models.azure import VirtualMachine
from shared.models.policy import ScheduleMode
from shared.models.rollouts import RolloutKind
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.rollouts import EAGER, RolloutEnvironment, assert_all_well, assert_over, office
from tests.fixtures.world.azure import DEFINITION_ID, version_id_of, vm_id_of

REPLACE = EAGER | {"strategy": "replace"}
BACK = {"kind": RolloutKind.ROLL_BACK, "version": OLD, "version_id": version_id_of(OLD)}


def machine(env: RolloutEnvironment, host: str = "host-01") -> VirtualMachine:
    return env.world.machines[vm_id_of(host).lower()]


def with_hosts(**fields: Any) -> RolloutEnvironment:
    """Two idle hosts whose VMs have these fields."""
    env = office(0, 0)
    for key, found in env.world.machines.items():
        env.world.machines[key] = found.model_copy(update=fields)
    return env


@pytest.mark.parametrize(("had", "gets"), [(127, 256), (512, 512), (None, None)])
def test_a_replaced_vm_gets_a_disk_that_is_large_enough_for_the_image(had: int | None, gets: int | None) -> None:
    env = with_hosts(os_disk_gb=had)
    versions = env.world.versions[DEFINITION_ID.lower()]
    versions[NEW] = versions[NEW].model_copy(update={"os_disk_gb": 256})
    env.publish(policy=REPLACE)
    env.run_to_minute(300)
    assert_all_well(env)
    assert machine(env).os_disk_gb == gets


@pytest.mark.parametrize("strategy", ["reimage", "replace"])
def test_the_disk_of_a_vm_that_was_made_from_an_attached_disk_is_kept(strategy: str) -> None:
    env = with_hosts(os_disk_create_option="Attach")
    old = {found.os_disk_id for found in env.world.machines.values()}
    env.publish(policy=EAGER | {"strategy": strategy})
    env.run_to_minute(300)
    assert_all_well(env)
    assert {kept.disk_id for kept in env.tables.disks.all("office")} == old


def test_extensions_that_can_be_put_back_are_on_the_replaced_vm() -> None:
    env = with_hosts(extensions=("AzureMonitorWindowsAgent", "Setup", "GuestAttestation"))
    env.publish(policy=REPLACE)
    env.run_to_minute(300)
    assert_all_well(env)
    assert machine(env).extensions == ("AzureMonitorWindowsAgent", "GuestAttestation")
    assert env.world.count("start_extension") == 4


@pytest.mark.parametrize("how", ["refused", "fails"])
def test_an_extension_that_cannot_be_put_back_fails_no_host(how: str) -> None:
    env = with_hosts(extensions=("BGInfo", "GuestAttestation"))
    vm_id = vm_id_of("host-01")
    if how == "refused":
        env.world.fail("start_extension", AzureRefused("extension", 400, "Bad", "no such version"), target=vm_id)
    else:
        env.world.fail_operation("extension", OperationFailed("extension", None, "Bad", "exit code 1"), target=vm_id)
    env.publish(policy=REPLACE | {"retries": 0})
    env.run_to_minute(300)
    assert_all_well(env)
    assert "GuestAttestation" in machine(env).extensions


def test_a_re_imaged_vm_keeps_its_extensions_and_none_is_sent() -> None:
    env = with_hosts(extensions=("AzureMonitorWindowsAgent",))
    env.publish(policy=EAGER | {"strategy": "reimage"})
    env.run_to_minute(300)
    assert_all_well(env)
    assert env.world.count("start_extension") == 0


def updated(**policy: Any) -> RolloutEnvironment:
    """One host on the new version, whose old disk is kept."""
    env = office(0)
    env.publish(policy=EAGER)
    env.run_to_minute(300)
    assert_all_well(env)
    return env


def test_a_kept_disk_of_another_size_is_not_swapped_in() -> None:
    env = updated()
    (kept,) = (found.disk_id for found in env.tables.disks.all("office"))
    env.world.disk_gb[kept] = 127
    env.world.change_machine(vm_id_of("host-01"), os_disk_gb=256)
    env.publish(ScheduleMode.NOW, fields=BACK)
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert (env.world.count("start_swap"), env.versions()) == (0, {OLD})
    assert env.rows["host-01"].attempt == 1
