"""Changes to an existing VM, and the refusal of changes that Azure does not allow. Disk swaps are in `disk_swap`."""

import copy

from local.sim.core.wire import ArmError, Json
from local.sim.core.world import Vm

FIXED_OS_PROFILE = ("computerName", "adminUsername")


def refuse_fixed(vm: Vm, body: Json) -> None:
    """Refuse changes of what is fixed at creation: image reference, `createOption`, computer name and admin name."""
    props = body.get("properties") or {}
    option = ((props.get("storageProfile") or {}).get("osDisk") or {}).get("createOption")
    if option and option != vm.os_disk.get("createOption"):
        _refuse("osDisk.createOption")
    requested = (props.get("storageProfile") or {}).get("imageReference")
    have = vm.props["storageProfile"].get("imageReference") or {}
    if requested:
        for key, value in requested.items():
            if key != "exactVersion" and str(value).lower() != str(have.get(key, "")).lower():
                _refuse(f"imageReference.{key}" if key != "id" else "imageReference")
    profile = props.get("osProfile") or {}
    for key in FIXED_OS_PROFILE:
        if profile.get(key) and profile[key] != vm.props.get("osProfile", {}).get(key):
            _refuse(f"osProfile.{key}")


def _refuse(target: str) -> None:
    raise ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{target}' is not allowed.", target)


def apply_changes(vm: Vm, body: Json) -> None:
    """Apply the changeable parts of a PUT or PATCH to the VM. Given tags replace all tags."""
    if body.get("tags") is not None:
        vm.tags = dict(body["tags"])
    if body.get("identity"):
        vm.extra["identity"] = {**vm.extra.get("identity", {}), **body["identity"]}
    props = body.get("properties") or {}
    os_disk = (props.get("storageProfile") or {}).get("osDisk")
    if os_disk:
        for key in ("deleteOption", "caching"):
            if os_disk.get(key):
                vm.os_disk[key] = os_disk[key]
    for reference in (props.get("networkProfile") or {}).get("networkInterfaces", []):
        _change_nic(vm, reference)
    for key in ("hardwareProfile", "licenseType", "securityProfile", "diagnosticsProfile"):
        if props.get(key):
            vm.props[key] = copy.deepcopy(props[key])
    vm.etag += 1


def _change_nic(vm: Vm, reference: Json) -> None:
    for have in vm.nic_refs:
        if have["id"].lower() == str(reference.get("id", "")).lower():
            have.setdefault("properties", {}).update(reference.get("properties") or {})
            return
    raise ArmError(400, "InvalidParameter", "Network interfaces cannot be added while the VM exists.", "networkProfile")
