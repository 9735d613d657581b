"""Request bodies for clones of a template VM and for image versions, as ARM JSON. Pure: no SDK, nothing is sent.

Temporary resources of a task, and the version it creates, are tagged with the task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from shared.core import arm_ids, names
from shared.core.errors import InvalidRequest
from shared.models.azure import DeleteOption, Template
from shared.models.images import Definition, TargetRegion

Json = dict[str, Any]

PREPARE_TIMEOUT = 75 * 60
"""Time limit of the script in seconds: it waits up to 30 minutes for updates to settle and 30 for sysprep. Azure allows
90 minutes (azure-facts 1.9)."""
NETWORK_API = "2022-11-01"
"""The newest Microsoft.Network version that a VM can create its NIC with (SDK 39, `NetworkApiVersion`)."""

_DISK_SKU = "StandardSSD_LRS"
"""Every VM size supports it, and it is fast enough for one sysprep."""
_KEPT_OF_A_SNAPSHOT = ("osType", "hyperVGeneration", "securityProfile", "encryption")
_VM_KIND = "microsoft.compute/virtualmachines"


def snapshot(template: Template, task: str) -> Json:
    """An incremental snapshot of the template VM's OS disk. Raises InvalidRequest when the disk is not managed."""
    if template.os_disk_id is None:
        raise InvalidRequest.one(
            "template_vm_id", f"{template.name} has no managed OS disk; only managed disks can be captured"
        )
    creation = {"createOption": "Copy", "sourceResourceId": template.os_disk_id}
    properties = {"incremental": True, "creationData": creation}
    return {**_made_for(template.location, task), "sku": {"name": "Standard_LRS"}, "properties": properties}


def disk(snapshot_id: str, snapshot_body: Json, template: Template, task: str) -> Json:
    """A disk from a snapshot, with the generation and security type of the original disk, in the clone's zone."""
    had = snapshot_body.get("properties") or {}
    kept = {key: had[key] for key in _KEPT_OF_A_SNAPSHOT if had.get(key)}
    creation = {"createOption": "Copy", "sourceResourceId": snapshot_id}
    body = {**_made_for(template.location, task), "sku": {"name": _DISK_SKU}}
    return body | _zones(template) | {"properties": {"osType": "Windows", **kept, "creationData": creation}}


def clone(disk_id: str, template: Template, subnet_id: str, name: str, task: str) -> Json:
    """A VM like the template VM with a copy of its disk. It has no public IP; disk and NIC are deleted with it.

    No osProfile: Azure refuses one for an attached disk, which has been through Windows setup already.
    """
    os_disk = {
        "createOption": "Attach",
        "osType": "Windows",
        "deleteOption": str(DeleteOption.DELETE),
        "managedDisk": {"id": disk_id},
    }
    network = {"networkApiVersion": NETWORK_API, "networkInterfaceConfigurations": [_card(name, subnet_id, task)]}
    properties: Json = {
        "hardwareProfile": {"vmSize": template.vm_size},
        "storageProfile": {"osDisk": os_disk},
        "networkProfile": network,
    }
    if template.license_type:
        properties["licenseType"] = template.license_type
    if template.security:
        properties["securityProfile"] = template.security
    return _made_for(template.location, task) | _zones(template) | {"properties": properties}


def prepare_command(location: str, script: str, task: str) -> Json:
    """The managed run command that generalizes Windows. Its ChangeTag is always new, as for `register_command`."""
    return {
        **_made_for(location, task),
        "properties": {
            "source": {"script": script},
            "parameters": [{"name": "ChangeTag", "value": uuid4().hex}],
            "asyncExecution": False,
            "timeoutInSeconds": PREPARE_TIMEOUT,
            "treatFailureAsDeploymentFailure": True,
        },
    }


def managed_image(vm_id: str, location: str, generation: str, task: str) -> Json:
    """A managed image of a generalized VM."""
    properties = {"hyperVGeneration": generation, "sourceVirtualMachine": {"id": vm_id}}
    return _made_for(location, task) | {"properties": properties}


def version(definition: Definition, source_id: str, regions: Sequence[TargetRegion], task: str) -> Json:
    """A version that is excluded from "latest" in every region. Its source is a managed image or a VM."""
    is_vm = arm_ids.parse(source_id).kind == _VM_KIND
    publishing = {
        "targetRegions": [_region(one) for one in regions],
        "excludeFromLatest": True,
        "replicationMode": "Full",
    }
    storage = {"source": {"virtualMachineId" if is_vm else "id": source_id}}
    properties = {"publishingProfile": publishing, "storageProfile": storage}
    return _made_for(definition.location, task) | {"properties": properties}


def exclusion(version_body: Json, *, excluded: bool) -> Json | None:
    """The PATCH that excludes a version from "latest" or includes it. None when nothing has to change.

    Each region has a flag of its own, which must be equal. All other properties of a region are sent back unchanged.
    """
    publishing = (version_body.get("properties") or {}).get("publishingProfile") or {}
    regions = publishing.get("targetRegions") or []
    flags = [bool(publishing.get("excludeFromLatest")), *(bool(one.get("excludeFromLatest")) for one in regions)]
    if all(flag is excluded for flag in flags):
        return None
    targets = [{**one, "excludeFromLatest": excluded} for one in regions]
    profile = {"excludeFromLatest": excluded} | ({"targetRegions": targets} if targets else {})
    return {"properties": {"publishingProfile": profile}}


def _made_for(location: str, task: str) -> Json:
    return {"location": location, "tags": {names.TASK_TAG: task}}


def _zones(template: Template) -> Json:
    return {"zones": list(template.zones)} if template.zones else {}


def _card(name: str, subnet_id: str, task: str) -> Json:
    address = {"name": "internal", "properties": {"primary": True, "subnet": {"id": subnet_id}}}
    return {
        "name": f"{name}-nic",
        "tags": {names.TASK_TAG: task},
        "properties": {"primary": True, "deleteOption": str(DeleteOption.DELETE), "ipConfigurations": [address]},
    }


def _region(region: TargetRegion) -> Json:
    return {
        "name": region.key,
        "regionalReplicaCount": region.replicas,
        "storageAccountType": region.storage,
        "excludeFromLatest": True,
    }
