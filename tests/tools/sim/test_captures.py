"""Generalizing and capturing VMs, and resources that a copy leaves behind."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.capture_steps import (
    TAGS,
    TEMPLATE,
    capture,
    card,
    clone,
    copied,
    generalize,
    sysprep,
    trusted,
    version_of,
)
from tests.tools.sim.conftest import REGION, Client, arm_error

Violations = Callable[[], list[tuple[str, str]]]


def test_a_sysprepped_copy_is_captured_without_violations(compute: Client, violations: Violations) -> None:
    clone(compute, copied(compute))
    assert sysprep(compute).provisioning_state == "Succeeded"
    generalize(compute)
    assert version_of(compute, {"id": capture(compute).id}).provisioning_state == "Succeeded"
    assert violations() == []


def test_sysprep_takes_virtual_time(sim: Simulator, compute: Client) -> None:
    clone(compute, copied(compute))
    sim.control("POST", "clock", {"speed": 1, "duration_scale": 1})
    body = {"location": REGION, "properties": {"source": {"script": "sysprep /quit"}}}
    begin = compute.virtual_machine_run_commands.begin_create_or_update
    begin(GROUP, "copy", "prepare", body, polling=False)
    sim.advance(299)
    assert not sim.sim.world.vms[names.vm_id("copy").lower()].guest.sysprepped
    with pytest.raises(ResourceExistsError):  # not while it is at work
        compute.virtual_machines.begin_deallocate(GROUP, "copy", polling=False)
    sim.advance(601)
    assert sim.sim.world.vms[names.vm_id("copy").lower()].guest.sysprepped


def test_generalizing_without_sysprep_is_a_violation(compute: Client, violations: Violations) -> None:
    clone(compute, copied(compute))
    generalize(compute)
    compute.virtual_machines.generalize(GROUP, "copy")
    assert violations() == [("not_prepared", "copy")]


def test_starting_a_sysprepped_copy_undoes_sysprep(compute: Client, violations: Violations) -> None:
    clone(compute, copied(compute))
    sysprep(compute)
    compute.virtual_machines.begin_restart(GROUP, "copy").result()
    generalize(compute)
    assert violations() == [("not_prepared", "copy")]


def test_a_failed_sysprep_has_no_effect(sim: Simulator, compute: Client, violations: Violations) -> None:
    clone(compute, copied(compute))
    sim.faults({"kind": "lro_fail", "match": "put_run_command", "code": "VMRunCommandFailed"})
    with pytest.raises(HttpResponseError, match="VMRunCommandFailed"):
        sysprep(compute)
    generalize(compute)
    assert violations() == [("not_prepared", "copy")]


def test_generalizing_the_template_is_a_violation(sim: Simulator, compute: Client, violations: Violations) -> None:
    compute.virtual_machines.begin_start(GROUP, TEMPLATE).result()
    sysprep(compute, TEMPLATE)
    generalize(compute, TEMPLATE)
    assert violations() == [("original_generalized", TEMPLATE)] * 2
    with pytest.raises(ResourceExistsError):  # and it never starts again
        compute.virtual_machines.begin_start(GROUP, TEMPLATE)


def test_a_snapshot_of_a_running_vm_is_a_violation(compute: Client, violations: Violations) -> None:
    copied(compute)
    compute.virtual_machines.begin_start(GROUP, TEMPLATE).result()
    copied(compute, name="other")
    assert violations() == [("snapshot_of_running", TEMPLATE)]


def test_a_network_interface_is_created_and_deleted_with_its_vm(sim: Simulator, compute: Client) -> None:
    made = clone(compute, copied(compute))
    reference = made.network_profile.network_interfaces[0]
    assert (reference.id, reference.delete_option) == (names.nic_id("copy-nic"), "Delete")
    assert {left["type"] for left in sim.state()["temporary"]} == {
        "snapshots",
        "disks",
        "virtualMachines",
        "networkInterfaces",
    }
    compute.virtual_machines.begin_delete(GROUP, "copy").result()
    assert [left["type"] for left in sim.state()["temporary"]] == ["snapshots"]
    assert sim.state()["temporary"][0]["task"] == "task-1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"networkApiVersion": None}, "InvalidParameter"),
        ({"networkInterfaceConfigurations": [{"name": "n", "properties": {}}]}, "InvalidParameter"),
        (card(subnet={"id": f"{names.VNET_ID}/subnets/none"}), "InvalidResourceReference"),
    ],
)
def test_an_invalid_network_interface_is_refused_and_no_disk_is_created(
    sim: Simulator, compute: Client, change: dict[str, Any], code: str
) -> None:
    disk = copied(compute)
    with pytest.raises(HttpResponseError) as caught:
        clone(compute, disk, card() | change)
    assert arm_error(caught).code == code
    assert compute.disks.get(GROUP, "copy").disk_state == "Unattached"


def test_a_public_address_is_a_violation(compute: Client, violations: Violations) -> None:
    clone(compute, copied(compute), card(publicIPAddressConfiguration={"name": "public"}))
    assert violations() == [("public_address", "copy")]


def test_a_disk_keeps_the_security_type_of_its_source(sim: Simulator, compute: Client) -> None:
    trusted(sim)
    disk = copied(compute)
    assert compute.disks.get(GROUP, "copy").security_profile.security_type == "TrustedLaunch"
    with pytest.raises(HttpResponseError) as caught:
        clone(compute, disk)
    assert (caught.value.status_code, arm_error(caught).target) == (400, "securityProfile.securityType")
    clone(compute, disk, securityProfile={"securityType": "TrustedLaunch"})


def test_a_trusted_launch_vm_gives_no_managed_image(sim: Simulator, compute: Client) -> None:
    trusted(sim)
    clone(compute, copied(compute), securityProfile={"securityType": "TrustedLaunch"})
    sysprep(compute)
    generalize(compute)
    with pytest.raises(ResourceExistsError, match="Trusted Launch"):
        capture(compute)
    assert version_of(compute, {"virtualMachineId": names.vm_id("copy")}).provisioning_state == "Succeeded"


@pytest.mark.parametrize("feature", ["TrustedLaunch", ""])
def test_a_definition_accepts_only_vms_of_its_own_security_type(sim: Simulator, compute: Client, feature: str) -> None:
    trusted(sim, feature)
    security = {} if feature else {"securityProfile": {"securityType": "TrustedLaunch"}}
    sim.sim.world.disks.clear()
    plain = {"location": REGION, "properties": {"creationData": {"createOption": "Empty"}, **security}}
    disk = compute.disks.begin_create_or_update(GROUP, "copy", plain).result()
    clone(compute, disk.id, **security)
    generalize(compute)
    with pytest.raises(HttpResponseError, match="security type"):
        version_of(compute, {"virtualMachineId": names.vm_id("copy")})


def test_a_trusted_launch_definition_accepts_no_managed_image(sim: Simulator, compute: Client) -> None:
    clone(compute, copied(compute))
    sysprep(compute)
    generalize(compute)
    image = capture(compute).id
    trusted(sim)
    with pytest.raises(HttpResponseError, match="accepts no managed image"):
        version_of(compute, {"id": image})


def test_a_resource_being_created_is_listed_and_cannot_be_used(sim: Simulator, compute: Client) -> None:
    sim.control("POST", "clock", {"speed": 1, "duration_scale": 1})
    source = compute.virtual_machines.get(GROUP, TEMPLATE).storage_profile.os_disk.managed_disk.id
    creation = {"createOption": "Copy", "sourceResourceId": source}
    body = {"location": REGION, "tags": TAGS, "properties": {"creationData": creation}}
    compute.snapshots.begin_create_or_update(GROUP, "snap", body, polling=False)
    assert compute.snapshots.get(GROUP, "snap").provisioning_state == "Updating"
    body["properties"] = {"creationData": {**creation, "sourceResourceId": f"{names.COMPUTE}/snapshots/snap"}}
    with pytest.raises(ResourceExistsError, match="not ready"):
        compute.disks.begin_create_or_update(GROUP, "copy", body, polling=False)
    sim.advance(60)
    compute.disks.begin_create_or_update(GROUP, "copy", body, polling=False)
    assert compute.disks.get(GROUP, "copy").provisioning_state == "Creating"
    with pytest.raises(ResourceExistsError, match="cannot be attached"):
        clone(compute, names.disk_id("copy"))


@pytest.mark.parametrize("kind", ["snapshots", "disks"])
def test_a_resource_whose_creation_failed_stays_as_failed(sim: Simulator, compute: Client, kind: str) -> None:
    sim.faults({"kind": "lro_fail", "match": f"put_{kind[:-1]}", "count": 1})
    with pytest.raises(HttpResponseError):
        copied(compute)
    left = getattr(compute, kind)
    assert left.get(GROUP, "copy").provisioning_state == "Failed"
    left.begin_delete(GROUP, "copy").result()
    with pytest.raises(ResourceNotFoundError):
        left.get(GROUP, "copy")
