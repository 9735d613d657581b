"""What may be changed on an existing VM, and what may not."""

import copy
from typing import TYPE_CHECKING

from local.sim.arm import ArmError, Json
from local.sim.names import last
from local.sim.world import Vm

if TYPE_CHECKING:
    from local.sim.sim import Sim

FIXED_OS_PROFILE = ("computerName", "adminUsername")


def refuse_fixed(vm: Vm, body: Json) -> None:
    """The image reference and the computer's name are set at creation and stay."""
    props = body.get("properties") or {}
    asked = (props.get("storageProfile") or {}).get("imageReference")
    have = vm.props["storageProfile"].get("imageReference") or {}
    if asked:
        for key, value in asked.items():
            if key != "exactVersion" and str(value).lower() != str(have.get(key, "")).lower():
                _refuse(f"imageReference.{key}" if key != "id" else "imageReference")
    profile = props.get("osProfile") or {}
    for key in FIXED_OS_PROFILE:
        if profile.get(key) and profile[key] != vm.props.get("osProfile", {}).get(key):
            _refuse(f"osProfile.{key}")


def _refuse(target: str) -> None:
    raise ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{target}' is not allowed.", target)


def apply_changes(sim: "Sim", vm: Vm, body: Json) -> None:
    """Bring the changeable parts of a PUT or PATCH onto the VM. Tags given replace all tags."""
    if body.get("tags") is not None:
        vm.tags = dict(body["tags"])
    if body.get("identity"):
        vm.extra["identity"] = {**vm.extra.get("identity", {}), **body["identity"]}
    props = body.get("properties") or {}
    os_disk = (props.get("storageProfile") or {}).get("osDisk")
    if os_disk:
        _change_os_disk(sim, vm, os_disk)
    for reference in (props.get("networkProfile") or {}).get("networkInterfaces", []):
        _change_nic(vm, reference)
    for key in ("hardwareProfile", "licenseType", "securityProfile", "diagnosticsProfile"):
        if props.get(key):
            vm.props[key] = copy.deepcopy(props[key])
    vm.etag += 1


def _change_os_disk(sim: "Sim", vm: Vm, asked: Json) -> None:
    wanted = str((asked.get("managedDisk") or {}).get("id") or "")
    if wanted and wanted.lower() != vm.os_disk_id.lower():
        _swap(sim, vm, wanted)
    for key in ("deleteOption", "caching"):
        if asked.get(key):
            vm.os_disk[key] = asked[key]


def _swap(sim: "Sim", vm: Vm, disk_id: str) -> None:
    """Put another OS disk under a stopped VM: the way back to a kept one."""
    if vm.power not in {"deallocated", "stopped"}:
        raise ArmError(409, "OperationNotAllowed", "The OS disk can be swapped only while the VM is deallocated.")
    new, old = sim.world.disk(disk_id), sim.world.disk(vm.os_disk_id)
    if new is None:
        raise ArmError(404, "ResourceNotFound", f"Disk {last(disk_id)} is not found.", "osDisk.managedDisk.id")
    if new.owner:
        message = f"Disk {new.name} is attached to VM {last(new.owner)} and cannot be attached to another one."
        raise ArmError(409, "ConflictingUserInput", message, "osDisk.managedDisk.id")
    if old is not None:
        old.owner, old.guest = "", vm.guest
    new.owner, new.was_on = vm.id, vm.id
    vm.os_disk["managedDisk"] = {**vm.os_disk.get("managedDisk", {}), "id": new.id}
    vm.os_disk["name"] = new.name
    kept = new.guest
    vm.guest = kept if kept is not None else type(vm.guest)()


def _change_nic(vm: Vm, reference: Json) -> None:
    for have in vm.nic_refs:
        if have["id"].lower() == str(reference.get("id", "")).lower():
            have.setdefault("properties", {}).update(reference.get("properties") or {})
            return
    raise ArmError(400, "InvalidParameter", "Network interfaces cannot be added while the VM exists.", "networkProfile")
