"""Disks, snapshots, managed images and gallery versions: the steps from a template VM to a version."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import REGION, Client, arm_error

TEMPLATE = "win11-office-template"
IMAGE = (GROUP, "gal", "win11-office")


def version(source: dict[str, Any], **publishing: Any) -> dict[str, Any]:
    profile = {"targetRegions": [{"name": "West Europe", "regionalReplicaCount": 2}], **publishing}
    return {
        "location": REGION,
        "properties": {"publishingProfile": profile, "storageProfile": {"source": source}},
    }


def generalized_image(compute: Client) -> str:
    compute.virtual_machines.generalize(GROUP, TEMPLATE)
    body = {"location": REGION, "properties": {"sourceVirtualMachine": {"id": names.TEMPLATE_VM_ID}}}
    image = compute.images.begin_create_or_update(GROUP, "captured", body).result()
    assert image.provisioning_state == "Succeeded"
    return str(image.id)


def test_the_gallery_holds_three_versions(compute: Client) -> None:
    definition = compute.gallery_images.get(*IMAGE)
    assert definition.id == names.DEFINITION_ID
    assert definition.features[0].value == "TrustedLaunchSupported"
    listed = {v.name: v.publishing_profile for v in compute.gallery_image_versions.list_by_gallery_image(*IMAGE)}
    assert {name: p.exclude_from_latest for name, p in listed.items()} == {
        "1.0.0": False,
        "2.0.0": False,
        "3.0.0": True,
    }
    ready = compute.gallery_image_versions.get(*IMAGE, "2.0.0", expand="ReplicationStatus")
    assert ready.replication_status.aggregated_state == "Completed"
    assert ready.publishing_profile.target_regions[0].regional_replica_count == 2


def test_a_template_is_cloned_through_a_snapshot(compute: Client) -> None:
    source = compute.virtual_machines.get(GROUP, TEMPLATE).storage_profile.os_disk.managed_disk.id
    copied = {"location": REGION, "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": source}}}
    snapshot = compute.snapshots.begin_create_or_update(GROUP, "snap", copied).result()
    assert snapshot.provisioning_state == "Succeeded"
    copied["properties"] = {"creationData": {"createOption": "Copy", "sourceResourceId": snapshot.id}}
    disk = compute.disks.begin_create_or_update(GROUP, "clone-disk", copied).result()
    assert disk.disk_state == "Unattached"
    _make_clone(compute, disk.id)
    with pytest.raises(ResourceExistsError) as caught:
        compute.disks.begin_delete(GROUP, "clone-disk")
    assert arm_error(caught).code == "OperationNotAllowed"
    compute.virtual_machines.begin_delete(GROUP, "clone").result()
    compute.disks.begin_delete(GROUP, "clone-disk").result()
    compute.disks.begin_delete(GROUP, "clone-disk").result()  # 204
    compute.snapshots.begin_delete(GROUP, "snap").result()
    with pytest.raises(ResourceNotFoundError):
        compute.snapshots.get(GROUP, "snap")


def _make_clone(compute: Client, disk_id: str) -> None:
    """Create a network interface through the compute client's pipeline, and a VM that attaches the disk."""
    from azure.core.rest import HttpRequest  # noqa: PLC0415

    url = f"{names.nic_id('clone-nic')}?api-version=2025-01-01"
    configuration = {"name": "ipconfig1", "properties": {"subnet": {"id": names.SUBNET_ID}}}
    nic = {"location": REGION, "properties": {"ipConfigurations": [configuration]}}
    answer = compute.send_request(HttpRequest("PUT", url, json=nic))
    assert answer.status_code == 201
    os_disk = {"createOption": "Attach", "osType": "Windows", "managedDisk": {"id": disk_id}}
    properties = {
        "hardwareProfile": {"vmSize": "Standard_D4ads_v5"},
        "storageProfile": {"osDisk": os_disk},
        "networkProfile": {"networkInterfaces": [{"id": names.nic_id("clone-nic")}]},
    }
    body = {"location": REGION, "properties": properties}
    compute.virtual_machines.begin_create_or_update(GROUP, "clone", body).result()


def test_a_missing_source_is_404(compute: Client) -> None:
    missing = names.disk_id("none")
    body = {"location": REGION, "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": missing}}}
    for client, name in ((compute.snapshots, "s"), (compute.disks, "d")):
        with pytest.raises(ResourceNotFoundError):
            client.begin_create_or_update(GROUP, name, body)
    with pytest.raises(ResourceNotFoundError):
        source = {"id": f"{names.COMPUTE}/images/none"}
        compute.gallery_image_versions.begin_create_or_update(*IMAGE, "4.0.0", version(source))


def test_a_version_is_captured_replicated_and_put_into_service(sim: Simulator, compute: Client) -> None:
    image = generalized_image(compute)
    sim.control("POST", "clock", {"speed": 1, "duration_scale": 1})
    regions = [{"name": "West Europe"}, {"name": "North Europe"}]
    body = version({"id": image}, excludeFromLatest=True, targetRegions=regions)
    versions = compute.gallery_image_versions
    first = versions.begin_create_or_update(*IMAGE, "4.0.0", body, polling=False).result()
    assert first.provisioning_state == "Creating"
    with pytest.raises(ResourceExistsError, match="still being created"):
        compute.virtual_machines.begin_reimage(GROUP, "office-0001", {"exactVersion": "4.0.0"})
    sim.advance(900)
    status = versions.get(*IMAGE, "4.0.0", expand="ReplicationStatus").replication_status
    assert (status.summary[0].region, status.summary[0].state) == ("West Europe", "Completed")
    sim.advance(1200)
    status = versions.get(*IMAGE, "4.0.0", expand="ReplicationStatus").replication_status
    assert status.aggregated_state == "Completed"
    change = {"properties": {"publishingProfile": {"excludeFromLatest": False}}}
    changed = versions.begin_update(*IMAGE, "4.0.0", change).result()
    assert changed.publishing_profile.exclude_from_latest is False
    assert changed.publishing_profile.published_date is not None


@pytest.mark.parametrize(
    ("name", "source", "publishing", "code"),
    [
        ("4.0", {"id": "captured"}, {}, "InvalidParameter"),
        ("4.0.0", {}, {}, "InvalidParameter"),
        ("4.0.0", {"virtualMachineId": names.TEMPLATE_VM_ID}, {}, "InvalidParameter"),  # TrustedLaunchSupported
        ("4.0.0", {"id": "captured"}, {"targetRegions": [{"name": "East US"}]}, "InvalidParameter"),
    ],
)
def test_an_invalid_version_is_refused(
    compute: Client, name: str, source: dict[str, Any], publishing: dict[str, Any], code: str
) -> None:
    image = generalized_image(compute)
    chosen = {"id": image} if source.get("id") == "captured" else source
    with pytest.raises(HttpResponseError) as caught:
        compute.gallery_image_versions.begin_create_or_update(*IMAGE, name, version(chosen, **publishing))
    assert caught.value.status_code == 400
    assert arm_error(caught).code == code


def test_an_image_needs_a_generalized_vm(compute: Client) -> None:
    body = {"location": REGION, "properties": {"sourceVirtualMachine": {"id": names.TEMPLATE_VM_ID}}}
    with pytest.raises(ResourceExistsError):
        compute.images.begin_create_or_update(GROUP, "captured", body)


def test_deleting_a_version_in_use_is_a_violation(compute: Client, violations: Callable[[], list[Any]]) -> None:
    versions = compute.gallery_image_versions
    versions.begin_delete(*IMAGE, "3.0.0").result()
    assert violations() == []
    versions.begin_delete(*IMAGE, "1.0.0").result()
    assert [kind for kind, _ in violations()] == ["version_in_use_deleted"]
    with pytest.raises(ResourceNotFoundError):
        versions.get(*IMAGE, "1.0.0")
    versions.begin_delete(*IMAGE, "1.0.0").result()  # 204


def test_a_protected_version_is_not_deleted_before_its_end(compute: Client) -> None:
    change = {
        "properties": {
            "publishingProfile": {"endOfLifeDate": "2999-01-01T00:00:00Z"},
            "safetyProfile": {"blockDeletionBeforeEndOfLife": True},
        }
    }
    compute.gallery_image_versions.begin_update(*IMAGE, "3.0.0", change).result()
    with pytest.raises(ResourceExistsError):
        compute.gallery_image_versions.begin_delete(*IMAGE, "3.0.0")
