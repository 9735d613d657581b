"""The steps from a template VM to an image version, in plain SDK calls."""

from typing import Any

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import REGION, Client

TEMPLATE = "win11-office-template"
IMAGE = (GROUP, "gal", "win11-office")
TAGS = {"FreshcoatTask": "task-1"}


def copied(compute: Client, source: str = "", name: str = "copy", **disk: Any) -> str:
    """Copy the template's disk through a snapshot."""
    source = source or compute.virtual_machines.get(GROUP, TEMPLATE).storage_profile.os_disk.managed_disk.id
    creation = {"createOption": "Copy", "sourceResourceId": source}
    body = {"location": REGION, "tags": TAGS, "properties": {"creationData": creation}}
    snapshot = compute.snapshots.begin_create_or_update(GROUP, name, body).result()
    body["properties"] = {"creationData": {**creation, "sourceResourceId": snapshot.id}, **disk}
    return str(compute.disks.begin_create_or_update(GROUP, name, body).result().id)


def card(**address: Any) -> dict[str, Any]:
    configuration = {"name": "internal", "properties": {"subnet": {"id": names.SUBNET_ID}, **address}}
    properties = {"primary": True, "deleteOption": "Delete", "ipConfigurations": [configuration]}
    return {
        "networkApiVersion": "2022-11-01",
        "networkInterfaceConfigurations": [{"name": "copy-nic", "tags": TAGS, "properties": properties}],
    }


def clone(compute: Client, disk_id: str, network: dict[str, Any] | None = None, **properties: Any) -> Any:
    os_disk = {
        "createOption": "Attach",
        "osType": "Windows",
        "deleteOption": "Delete",
        "managedDisk": {"id": disk_id},
    }
    body = {
        "location": REGION,
        "tags": TAGS,
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D4ads_v5"},
            "storageProfile": {"osDisk": os_disk},
            "networkProfile": network or card(),
            **properties,
        },
    }
    return compute.virtual_machines.begin_create_or_update(GROUP, "copy", body).result()


def sysprep(compute: Client, vm: str = "copy") -> Any:
    properties = {"source": {"script": "sysprep.exe /quit"}, "treatFailureAsDeploymentFailure": True}
    commands = compute.virtual_machine_run_commands
    body = {"location": REGION, "properties": properties}
    return commands.begin_create_or_update(GROUP, vm, "prepare", body).result()


def generalize(compute: Client, vm: str = "copy") -> None:
    compute.virtual_machines.begin_deallocate(GROUP, vm).result()
    compute.virtual_machines.generalize(GROUP, vm)


def capture(compute: Client, vm: str = "copy") -> Any:
    body = {"location": REGION, "tags": TAGS, "properties": {"sourceVirtualMachine": {"id": names.vm_id(vm)}}}
    return compute.images.begin_create_or_update(GROUP, "captured", body).result()


def version_of(compute: Client, source: dict[str, str], *regions: str) -> Any:
    targets = [{"name": region} for region in ("westeurope", *regions)]
    properties = {"publishingProfile": {"targetRegions": targets}, "storageProfile": {"source": source}}
    body = {"location": REGION, "properties": properties}
    return compute.gallery_image_versions.begin_create_or_update(*IMAGE, "4.0.0", body).result()


def trusted(sim: Simulator, feature: str = "TrustedLaunch") -> None:
    """Create a Trusted Launch template and an image definition with this security type."""
    world = sim.sim.world
    template = world.vms[names.TEMPLATE_VM_ID.lower()]
    template.props["securityProfile"] = {"securityType": "TrustedLaunch"}
    world.disks[template.os_disk_id.lower()].props["securityProfile"] = {"securityType": "TrustedLaunch"}
    definition = world.of("Microsoft.Compute/galleries/images")[names.DEFINITION_ID.lower()]
    definition["properties"]["features"] = [{"name": "SecurityType", "value": feature}] if feature else []
