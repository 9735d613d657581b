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
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import EAGER, assert_all_well, assert_over, office
from tests.fixtures.world.azure import DEFINITION_ID, version_id_of, vm_id_of

REPLACE = EAGER | {"strategy": "replace"}
BACK = {"kind": RolloutKind.ROLL_BACK, "version": OLD, "version_id": version_id_of(OLD)}


def machine(drive: Drive, host: str = "host-01") -> VirtualMachine:
    return drive.world.machines[vm_id_of(host).lower()]


def with_hosts(**fields: Any) -> Drive:
    """Two idle hosts whose VMs have these fields."""
    drive = office(0, 0)
    for key, found in drive.world.machines.items():
        drive.world.machines[key] = found.model_copy(update=fields)
    return drive


@pytest.mark.parametrize(("had", "gets"), [(127, 256), (512, 512), (None, None)])
def test_a_replaced_vm_gets_a_disk_that_is_large_enough_for_the_image(had: int | None, gets: int | None) -> None:
    drive = with_hosts(os_disk_gb=had)
    versions = drive.world.versions[DEFINITION_ID.lower()]
    versions[NEW] = versions[NEW].model_copy(update={"os_disk_gb": 256})
    drive.publish(policy=REPLACE)
    drive.run(300)
    assert_all_well(drive)
    assert machine(drive).os_disk_gb == gets


@pytest.mark.parametrize("strategy", ["reimage", "replace"])
def test_the_disk_of_a_vm_that_was_made_from_an_attached_disk_is_kept(strategy: str) -> None:
    drive = with_hosts(os_disk_create_option="Attach")
    old = {found.os_disk_id for found in drive.world.machines.values()}
    drive.publish(policy=EAGER | {"strategy": strategy})
    drive.run(300)
    assert_all_well(drive)
    assert {kept.disk_id for kept in drive.tables.disks.all("office")} == old


def test_extensions_that_can_be_put_back_are_on_the_replaced_vm() -> None:
    drive = with_hosts(extensions=("AzureMonitorWindowsAgent", "Setup", "GuestAttestation"))
    drive.publish(policy=REPLACE)
    drive.run(300)
    assert_all_well(drive)
    assert machine(drive).extensions == ("AzureMonitorWindowsAgent", "GuestAttestation")
    assert drive.world.count("start_extension") == 4


@pytest.mark.parametrize("how", ["refused", "fails"])
def test_an_extension_that_cannot_be_put_back_fails_no_host(how: str) -> None:
    drive = with_hosts(extensions=("BGInfo", "GuestAttestation"))
    vm_id = vm_id_of("host-01")
    if how == "refused":
        drive.world.fail("start_extension", AzureRefused("extension", 400, "Bad", "no such version"), target=vm_id)
    else:
        drive.world.fail_operation("extension", OperationFailed("extension", None, "Bad", "exit code 1"), target=vm_id)
    drive.publish(policy=REPLACE | {"retries": 0})
    drive.run(300)
    assert_all_well(drive)
    assert "GuestAttestation" in machine(drive).extensions


def test_a_re_imaged_vm_keeps_its_extensions_and_none_is_sent() -> None:
    drive = with_hosts(extensions=("AzureMonitorWindowsAgent",))
    drive.publish(policy=EAGER | {"strategy": "reimage"})
    drive.run(300)
    assert_all_well(drive)
    assert drive.world.count("start_extension") == 0


def updated(**policy: Any) -> Drive:
    """One host on the new version, whose old disk is kept."""
    drive = office(0)
    drive.publish(policy=EAGER)
    drive.run(300)
    assert_all_well(drive)
    return drive


def test_a_kept_disk_of_another_size_is_not_swapped_in() -> None:
    drive = updated()
    (kept,) = (found.disk_id for found in drive.tables.disks.all("office"))
    drive.world.disk_gb[kept] = 127
    drive.world.change_machine(vm_id_of("host-01"), os_disk_gb=256)
    drive.publish(ScheduleMode.NOW, fields=BACK)
    drive.run(900)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert (drive.world.count("start_swap"), drive.versions()) == (0, {OLD})
    assert drive.rows["host-01"].attempt == 1
