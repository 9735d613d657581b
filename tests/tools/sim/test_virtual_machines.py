"""Reading, changing, creating and deleting VMs."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import REGION, Client, Operator, arm_error

VM = "office-0001"


def machine(name: str, version: str = "2.0.0", nic: str = "", **os_disk: Any) -> dict[str, Any]:
    """The body of a VM with the pool's configuration, from a version id, with its former network interface."""
    return {
        "location": REGION,
        "tags": {"made": "here"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D4ads_v5"},
            "storageProfile": {
                "imageReference": {"id": names.version_id(version)},
                "osDisk": {"createOption": "FromImage", "deleteOption": "Delete", **os_disk},
            },
            "osProfile": {"computerName": name, "adminUsername": "localadmin", "adminPassword": "admin-secret"},
            "networkProfile": {
                "networkInterfaces": [
                    {"id": nic or names.nic_id(f"{name}-nic"), "properties": {"deleteOption": "Detach"}}
                ]
            },
        },
    }


def test_a_vm_shows_its_image_its_disk_and_its_power(compute: Client) -> None:
    vm = compute.virtual_machines.get(GROUP, VM, expand="instanceView")
    assert vm.storage_profile.image_reference.id == names.DEFINITION_ID
    assert vm.storage_profile.image_reference.exact_version == "1.0.0"
    assert vm.os_profile.computer_name == VM
    assert vm.instance_view.statuses[-1].code == "PowerState/running"
    assert vm.security_profile.security_type == "TrustedLaunch"
    disk = compute.disks.get(GROUP, names.last(vm.storage_profile.os_disk.managed_disk.id))
    assert disk.creation_data.gallery_image_reference.id == names.version_id("1.0.0")
    assert (disk.disk_state, disk.managed_by) == ("Attached", vm.id)


def test_the_instance_view_can_be_read_alone(compute: Client) -> None:
    view = compute.virtual_machines.instance_view(GROUP, VM)
    assert view.statuses[-1].code == "PowerState/running"
    assert compute.virtual_machines.get(GROUP, VM).instance_view is None


def test_lists_follow_their_next_link(sim: Simulator, compute: Client) -> None:
    sim.reset(hosts=25, page_size=7)
    in_group = [vm.name for vm in compute.virtual_machines.list(GROUP, expand="instanceView")]
    everywhere = [vm.name for vm in compute.virtual_machines.list_all(status_only="true")]
    assert len(set(in_group)) == len(in_group) == 27  # with the personal host and the template
    assert in_group == everywhere
    assert sim.control("GET", "calls")["by_operation"]["list_vms"] == 8


def test_a_missing_resource_is_404(compute: Client) -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        compute.virtual_machines.get(GROUP, "nobody")
    assert arm_error(caught).code == "ResourceNotFound"
    with pytest.raises(ResourceNotFoundError) as caught:
        compute.virtual_machines.get("rg-other", VM)
    assert arm_error(caught).code == "ResourceGroupNotFound"


def test_delete_option_and_tags_can_be_patched(compute: Client) -> None:
    change = {
        "tags": {"ScalingPlanExclusion": "freshcoat"},
        "properties": {"storageProfile": {"osDisk": {"createOption": "FromImage", "deleteOption": "Detach"}}},
    }
    vm = compute.virtual_machines.begin_update(GROUP, VM, change).result()
    assert vm.storage_profile.os_disk.delete_option == "Detach"
    assert compute.virtual_machines.get(GROUP, VM).tags == {"ScalingPlanExclusion": "freshcoat"}


def test_the_image_reference_cannot_be_patched(compute: Client) -> None:
    change = {"properties": {"storageProfile": {"imageReference": {"id": names.version_id("2.0.0")}}}}
    with pytest.raises(ResourceExistsError) as caught:  # what the SDK makes of a 409
        compute.virtual_machines.begin_update(GROUP, VM, change)
    assert arm_error(caught).code == "PropertyChangeNotAllowed"
    assert arm_error(caught).target == "imageReference"


def test_an_outdated_etag_is_412(compute: Client) -> None:
    etag = compute.virtual_machines.get(GROUP, VM).etag
    fresh = MatchConditions.IfNotModified
    compute.virtual_machines.begin_update(GROUP, VM, {"tags": {"a": "1"}}, etag=etag, match_condition=fresh)
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_update(GROUP, VM, {"tags": {"a": "2"}}, etag=etag, match_condition=fresh)
    assert caught.value.status_code == 412


def test_delete_keeps_the_network_interface_and_follows_the_disks_option(
    sim: Simulator, compute: Client, operator: Operator, violations: Callable[[], list[Any]]
) -> None:
    detached = {"properties": {"storageProfile": {"osDisk": {"createOption": "FromImage", "deleteOption": "Detach"}}}}
    compute.virtual_machines.begin_update(GROUP, VM, detached).result()
    for host in (VM, "office-0002"):
        operator.unregister(host)
        compute.virtual_machines.begin_delete(GROUP, host, force_deletion=True).result()
        with pytest.raises(ResourceNotFoundError):
            compute.virtual_machines.get(GROUP, host)
    assert len(sim.host(VM)["kept_disks"]) == 1
    assert sim.host("office-0002")["kept_disks"] == []
    compute.virtual_machines.begin_delete(GROUP, VM).result()  # 204: deleting twice is no error
    assert violations() == []


def test_a_vm_is_recreated_with_its_network_interface(
    sim: Simulator, compute: Client, operator: Operator, violations: Callable[[], list[Any]]
) -> None:
    before = sim.host(VM)
    operator.unregister(VM)
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    vm = compute.virtual_machines.begin_create_or_update(GROUP, VM, machine(VM)).result()
    assert vm.provisioning_state == "Succeeded"
    assert vm.os_profile.admin_password is None
    assert vm.identity.principal_id
    host = sim.host(VM)
    assert host["vm"] == before["vm"]
    assert host["vm_id"] != before["vm_id"]
    assert (host["version"], host["joined"], host["registered"]) == ("2.0.0", False, False)
    operator.join(VM)
    operator.register(VM)
    assert sim.host(VM)["status"] == "Available"
    assert violations() == []


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (("location",), "location"),
        (("properties", "hardwareProfile", "vmSize"), "hardwareProfile.vmSize"),
        (("properties", "storageProfile", "osDisk", "createOption"), "storageProfile.osDisk.createOption"),
        (("properties", "storageProfile", "imageReference"), "imageReference"),
        (("properties", "networkProfile"), "networkProfile.networkInterfaces"),
    ],
)
def test_a_missing_field_is_400_and_named(compute: Client, path: tuple[str, ...], target: str) -> None:
    compute.virtual_machines.begin_delete(GROUP, VM).result()  # sets its card free
    body = copy.deepcopy(machine("new-0001", nic=names.nic_id("office-0001-nic")))
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_create_or_update(GROUP, "new-0001", body)
    assert caught.value.status_code == 400
    assert arm_error(caught).target == target


def test_a_network_interface_in_use_or_unknown_is_refused(compute: Client) -> None:
    for nic, code in (("office-0001-nic", "NicInUse"), ("none", "InvalidResourceReference")):
        with pytest.raises(HttpResponseError) as caught:
            compute.virtual_machines.begin_create_or_update(GROUP, "new", machine("new", nic=names.nic_id(nic)))
        assert arm_error(caught).code == code


def test_a_missing_image_version_is_404(compute: Client, operator: Operator) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    with pytest.raises(ResourceNotFoundError) as caught:
        compute.virtual_machines.begin_create_or_update(GROUP, VM, machine(VM, "9.9.9"))
    assert arm_error(caught).code == "GalleryImageNotFound"


def test_the_definition_id_means_the_latest_version_not_excluded(
    sim: Simulator, compute: Client, operator: Operator
) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    body = machine(VM)
    body["properties"]["storageProfile"]["imageReference"]["id"] = names.DEFINITION_ID
    compute.virtual_machines.begin_create_or_update(GROUP, VM, body).result()
    assert sim.host(VM)["version"] == "2.0.0"


def test_scale_set_instances_and_pinned_images_are_shown(sim: Simulator, compute: Client) -> None:
    sim.reset(vmss=True, pinned=True)
    vm = compute.virtual_machines.get(GROUP, VM)
    assert vm.virtual_machine_scale_set.id.endswith("/vmss-office")
    assert vm.storage_profile.image_reference.id == names.version_id("1.0.0")


def test_ephemeral_hosts_have_no_disk_and_do_not_deallocate(
    sim: Simulator, compute: Client, operator: Operator, violations: Callable[[], list[Any]]
) -> None:
    sim.reset(ephemeral=True)
    assert compute.virtual_machines.get(GROUP, VM).storage_profile.os_disk.managed_disk is None
    with pytest.raises(ResourceExistsError) as caught:
        compute.virtual_machines.begin_deallocate(GROUP, VM)
    assert arm_error(caught).code == "OperationNotAllowed"
    operator.unregister(VM)
    operator.reimage(VM)
    assert sim.host(VM)["version"] == "1.0.0"  # reset to its initial state, whatever was asked for
    assert violations() == []
