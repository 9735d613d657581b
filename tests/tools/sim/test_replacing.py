"""Creating a VM again: what Azure checks against the image and the quota, and what a replaced VM has lost."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import REGION, Client, Operator, arm_error
from tests.tools.sim.test_virtual_machines import machine

VM = "office-0001"


def image(sim: Simulator, **fields: Any) -> str:
    """Another image definition with version 1.0.0; the version's id."""
    sim.control("POST", "definitions", {"name": "win11-new", "versions": ["1.0.0"], **fields})
    return names.version_id("1.0.0", names.definition_id("win11-new"))


def replaced(compute: Client, body: dict[str, Any], source: str) -> Any:
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    body["properties"]["storageProfile"]["imageReference"] = {"id": source}
    return compute.virtual_machines.begin_create_or_update(GROUP, VM, body).result()


def refused(compute: Client, body: dict[str, Any], source: str) -> Any:
    with pytest.raises(HttpResponseError) as caught:
        replaced(compute, body, source)
    return arm_error(caught)


def test_a_disk_smaller_than_the_image_is_refused(sim: Simulator, compute: Client, operator: Operator) -> None:
    operator.unregister(VM)
    error = refused(compute, machine(VM, diskSizeGB=127), image(sim, disk_gb=256))
    assert (error.code, error.target) == ("OperationNotAllowed", "osDisk.diskSizeGB")


@pytest.mark.parametrize("given", [{}, {"diskSizeGB": 512}])
def test_a_disk_is_as_large_as_asked_for_or_as_the_image(
    sim: Simulator, compute: Client, operator: Operator, given: dict[str, int]
) -> None:
    operator.unregister(VM)
    vm = replaced(compute, machine(VM, **given), image(sim, disk_gb=256))
    assert vm.storage_profile.os_disk.disk_size_gb == given.get("diskSizeGB", 256)
    disk = compute.disks.get(GROUP, names.last(vm.storage_profile.os_disk.managed_disk.id))
    assert disk.disk_size_gb == given.get("diskSizeGB", 256)


@pytest.mark.parametrize(
    ("security", "fields", "target"),
    [
        ("TrustedLaunch", {"security_type": "Standard"}, "securityProfile.securityType"),
        ("", {"security_type": "TrustedLaunch"}, "securityProfile.securityType"),
        ("ConfidentialVM", {}, "securityProfile.securityType"),
        ("TrustedLaunch", {"generation": "V1"}, "imageReference"),
    ],
)
def test_a_security_type_that_the_definition_does_not_offer_is_refused(
    sim: Simulator, compute: Client, operator: Operator, security: str, fields: dict[str, Any], target: str
) -> None:
    operator.unregister(VM)
    body = machine(VM)
    if security:
        body["properties"]["securityProfile"] = {"securityType": security}
    assert refused(compute, body, image(sim, **fields)).target == target


def test_a_disk_type_that_the_definition_disallows_is_refused(
    sim: Simulator, compute: Client, operator: Operator
) -> None:
    operator.unregister(VM)
    body = machine(VM, managedDisk={"storageAccountType": "Standard_LRS"})
    error = refused(compute, body, image(sim, disallowed_disk_types=["Standard_LRS"]))
    assert error.target == "osDisk.managedDisk.storageAccountType"


def test_a_create_option_that_is_not_the_vms_own_is_refused(compute: Client) -> None:
    change = {"properties": {"storageProfile": {"osDisk": {"createOption": "Attach", "deleteOption": "Detach"}}}}
    for call in (compute.virtual_machines.begin_update, compute.virtual_machines.begin_create_or_update):
        with pytest.raises(ResourceExistsError) as caught:
            call(GROUP, VM, {"location": REGION, **change})
        assert arm_error(caught).code == "PropertyChangeNotAllowed"
    assert compute.virtual_machines.get(GROUP, VM).storage_profile.os_disk.delete_option == "Delete"


def test_a_vm_shows_its_extensions_and_a_list_only_their_ids(compute: Client, operator: Operator) -> None:
    operator.join(VM)
    (shown,) = compute.virtual_machines.get(GROUP, VM).as_dict()["resources"]
    assert (shown["name"], shown["properties"]["type"]) == ("join", "JsonADDomainExtension")
    assert "protectedSettings" not in shown["properties"]
    (listed,) = (vm.as_dict() for vm in compute.virtual_machines.list(GROUP) if vm.name == VM)
    assert listed["resources"] == [{"id": shown["id"]}]


def test_a_replaced_vm_has_lost_its_extensions_and_its_principal(
    sim: Simulator, compute: Client, operator: Operator
) -> None:
    operator.join(VM)
    before = compute.virtual_machines.get(GROUP, VM).identity.principal_id
    operator.unregister(VM)
    vm = replaced(compute, machine(VM), names.version_id("2.0.0"))
    assert "resources" not in vm.as_dict()
    assert vm.identity.principal_id not in {None, before}


@pytest.mark.parametrize("field", ["computerName", "adminUsername"])
def test_a_vm_from_an_image_needs_a_computer_name_and_an_administrator(
    compute: Client, operator: Operator, field: str
) -> None:
    operator.unregister(VM)
    body = machine(VM)
    del body["properties"]["osProfile"][field]
    error = refused(compute, body, names.version_id("2.0.0"))
    assert (error.code, error.target) == ("InvalidParameter", f"osProfile.{field}")


@pytest.mark.parametrize("action", ["create", "start"])
def test_cores_over_the_quota_are_refused(sim: Simulator, compute: Client, operator: Operator, action: str) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    running = sum(host["power"] == "running" for host in sim.state()["hosts"])
    sim.control("POST", "expect", {"core_quota": 4 * running + 3})
    with pytest.raises(ResourceExistsError) as caught:
        if action == "start":
            compute.virtual_machines.begin_start(GROUP, VM)
        else:
            compute.virtual_machines.begin_delete(GROUP, VM).result()
            compute.virtual_machines.begin_create_or_update(GROUP, VM, machine(VM))
    assert arm_error(caught).code == "OperationNotAllowed"
    assert "quota" in arm_error(caught).message
    sim.control("POST", "expect", {"core_quota": None})


def test_a_call_can_be_refused_with_any_code(sim: Simulator, compute: Client) -> None:
    text = "Nic(s) in request is reserved for another Virtual Machine for 180 seconds."
    sim.faults({"kind": "refuse", "match": "get_vm", "status": 400, "code": "NicReservedForAnotherVm", "message": text})
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.get(GROUP, VM)
    assert (caught.value.status_code, arm_error(caught).code) == (400, "NicReservedForAnotherVm")
