"""Routes of managed disks, and the OS disks that are created and detached with a VM."""

import copy

from local.sim.compute import references
from local.sim.compute.image_fit import DISK_GB, check_fit, image_gb, security_of
from local.sim.core.clock import utc_now
from local.sim.core.names import group_of, last
from local.sim.core.operations import accepted, begin
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, in_group, not_found, required
from local.sim.core.world import Disk, Vm

KIND = "Microsoft.Compute/disks"
COPIED = ("osType", "hyperVGeneration", "securityProfile")


def os_disk_from(sim: Sim, vm: Vm, version: str, gallery_id: str, name: str = "") -> Disk:
    """Create an OS disk from an image, and attach it to the VM."""
    name = name or f"{vm.name}_OsDisk_1_{sim.rng.getrandbits(48):012x}"
    group = group_of(vm.id)
    disk_id = f"{vm.id[: vm.id.lower().index('/providers/')]}/providers/{KIND}/{name}"
    if sim.world.disk(disk_id) is not None:
        raise ArmError(409, "ConflictingUserInput", f"Disk {name} already exists in {group}.", "osDisk.name")
    creation: Json = {"createOption": "FromImage"}
    if gallery_id:
        creation["galleryImageReference"] = {"id": gallery_id}
    disk = Disk(disk_id, name, vm.location, utc_now(), creation, version=version, owner=vm.id, last_attached_to=vm.id)
    if security_of(vm.props):
        disk.props["securityProfile"] = {"securityType": security_of(vm.props)}
    size = max(int(vm.os_disk.get("diskSizeGB") or 0), image_gb(sim, gallery_id))
    vm.os_disk["diskSizeGB"] = disk.props["diskSizeGB"] = size
    managed = vm.os_disk.setdefault("managedDisk", {})
    disk.sku = managed.get("storageAccountType", disk.sku)
    sim.world.disks[disk_id.lower()] = disk
    managed["id"] = disk_id
    vm.os_disk["name"] = name
    vm.os_disk.setdefault("osType", "Windows")
    return disk


def create_os_disk(sim: Sim, vm: Vm) -> None:
    """Provide the OS disk of a new VM: created from an image, attached, or ephemeral."""
    option = vm.os_disk["createOption"]
    if option == "Attach":
        _attach_existing(sim, vm)
        return
    reference = vm.props["storageProfile"].get("imageReference")
    if not reference:
        message = "Required parameter 'imageReference' is missing (null)."
        raise ArmError(400, "InvalidParameter", message, "imageReference")
    version, gallery_id = references.resolve(sim, reference)
    if version:
        reference["exactVersion"] = version
    check_fit(sim, vm, gallery_id)
    if vm.ephemeral:
        vm.local_version = version
        return
    vm.os_disk.get("managedDisk", {}).pop("id", None)
    os_disk_from(sim, vm, version, gallery_id, str(vm.os_disk.get("name") or ""))


def _attach_existing(sim: Sim, vm: Vm) -> None:
    disk_id = str(vm.os_disk.get("managedDisk", {}).get("id") or "")
    disk = sim.world.disk(disk_id)
    if disk is None:
        raise ArmError(404, "ResourceNotFound", f"Disk '{last(disk_id)}' was not found.", "osDisk.managedDisk.id")
    if disk.owner:
        message = f"Disk {disk.name} is attached to VM {last(disk.owner)}."
        raise ArmError(409, "ConflictingUserInput", message, "osDisk.managedDisk.id")
    if disk.provisioning != "Succeeded":
        message = f"Disk {disk.name} is {disk.provisioning} and cannot be attached."
        raise ArmError(409, "OperationNotAllowed", message, "osDisk.managedDisk.id")
    if security_of(vm.props) != security_of(disk.props):
        has, wanted = security_of(disk.props) or "Standard", security_of(vm.props) or "Standard"
        message = f"Disk {disk.name} of security type {has} cannot be attached to a VM of type {wanted}."
        raise ArmError(400, "BadRequest", message, "securityProfile.securityType")
    disk.owner, disk.last_attached_to = vm.id, vm.id
    vm.os_disk["name"] = disk.name


def detach(sim: Sim, disk: Disk, delete_option: str) -> None:
    """Detach a disk from its VM: delete it, or keep it unattached."""
    disk.owner = ""
    if delete_option.lower() == "delete":
        sim.world.disks.pop(disk.id.lower(), None)


def disk_body(disk: Disk) -> Json:
    props = {
        "osType": "Windows",
        "hyperVGeneration": "V2",
        "diskSizeGB": DISK_GB,
        **disk.props,
        "creationData": disk.creation,
        "diskState": "Attached" if disk.owner else "Unattached",
        "timeCreated": disk.created,
        "provisioningState": disk.provisioning,
    }
    body: Json = {"id": disk.id, "name": disk.name, "type": KIND, "location": disk.location, "tags": disk.tags}
    if disk.owner:
        body["managedBy"] = disk.owner
    return {**body, "sku": {"name": disk.sku}, "properties": props}


def _find(sim: Sim, call: Call) -> Disk:
    disk = sim.world.disk(call.id_of(KIND, call.names[0]))
    if disk is None:
        raise not_found(KIND, call.names[0], call.group)
    return disk


@arm("GET", "Microsoft.Compute/disks/*", "get_disk")
def get_disk(sim: Sim, call: Call) -> Answer:
    return Answer(200, disk_body(_find(sim, call)))


@arm("GET", "Microsoft.Compute/disks", "list_disks")
def list_disks(sim: Sim, call: Call) -> Answer:
    rows = in_group(call, sim.world.disks)
    return page(sim, call, rows, disk_body)


@arm("PUT", "Microsoft.Compute/disks/*", "put_disk")
def put_disk(sim: Sim, call: Call) -> Answer:
    location = required(call.body, "location")
    creation = copy.deepcopy(required(call.body, "properties", "creationData"))
    disk_id = call.id_of(KIND, call.names[0])
    existing = sim.world.disk(disk_id)
    if existing is not None and existing.provisioning != "Failed":
        existing.tags = dict(call.body.get("tags") or existing.tags)
        return Answer(200, disk_body(existing))
    disk = Disk(disk_id, call.names[0], location, utc_now(), creation, version=source_version(sim, creation))
    disk.sku = (call.body.get("sku") or {}).get("name", disk.sku)
    disk.tags = dict(call.body.get("tags") or {})
    disk.props = copied_properties(sim, creation) | _requested_properties(call.body)
    disk.provisioning = "Creating"
    sim.world.disks[disk_id.lower()] = disk

    def finish() -> Json:
        disk.provisioning = "Succeeded"
        return disk_body(disk)

    def fail() -> None:
        disk.provisioning = "Failed"

    op = begin(sim, call, "disk", finish, fail)
    return accepted(sim, call, op, 202, disk_body(disk))


def _requested_properties(body: Json) -> Json:
    return {key: body["properties"][key] for key in COPIED if body["properties"].get(key)}


def copied_properties(sim: Sim, creation: Json) -> Json:
    """The properties that a copy takes over from its source disk or snapshot."""
    source = str(creation.get("sourceResourceId") or "").lower()
    disk = sim.world.disk(source)
    had = disk.props if disk else sim.world.of("Microsoft.Compute/snapshots").get(source, {}).get("properties", {})
    return {key: copy.deepcopy(had[key]) for key in COPIED if had.get(key)}


def source_version(sim: Sim, creation: Json) -> str:
    """The image version of a new disk or snapshot, taken from its image or from its source."""
    reference = creation.get("galleryImageReference") or creation.get("imageReference")
    if reference:
        return references.resolve(sim, reference)[0]
    source = str(creation.get("sourceResourceId") or "")
    if not source:
        return ""
    disk = sim.world.disk(source)
    if disk is not None:
        return disk.version
    snapshot = sim.world.of("Microsoft.Compute/snapshots").get(source.lower())
    if snapshot is None:
        raise ArmError(404, "ResourceNotFound", f"The source '{last(source)}' was not found.", "sourceResourceId")
    if snapshot["properties"]["provisioningState"] != "Succeeded":
        raise ArmError(409, "OperationNotAllowed", f"The snapshot {last(source)} is not ready.", "sourceResourceId")
    return str(snapshot["_version"])


@arm("PATCH", "Microsoft.Compute/disks/*", "update_disk")
def patch_disk(sim: Sim, call: Call) -> Answer:
    disk = _find(sim, call)
    if call.body.get("tags") is not None:
        disk.tags = dict(call.body["tags"])
    if (call.body.get("sku") or {}).get("name"):
        disk.sku = call.body["sku"]["name"]
    return Answer(200, disk_body(disk))


@arm("DELETE", "Microsoft.Compute/disks/*", "delete_disk")
def delete_disk(sim: Sim, call: Call) -> Answer:
    disk = sim.world.disk(call.id_of(KIND, call.names[0]))
    if disk is None:
        return Answer(204)
    if disk.owner:
        message = f"Disk {disk.name} is attached to VM {disk.owner} and cannot be deleted."
        raise ArmError(409, "OperationNotAllowed", message)

    def finish() -> None:
        sim.world.disks.pop(disk.id.lower(), None)

    return accepted(sim, call, begin(sim, call, "disk_delete", finish))
