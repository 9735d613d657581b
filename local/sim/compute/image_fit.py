"""Whether a new VM fits the image definition it is created from: disk size, security type and disk type."""

from local.sim.compute import references
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Json
from local.sim.core.world import Vm

DISK_GB = 127
"""The size of a Windows image's disk unless something else is asked for."""
TRUSTED = frozenset({"TrustedLaunch", "TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported"})
CONFIDENTIAL = frozenset({"ConfidentialVM", "ConfidentialVMSupported", "TrustedLaunchAndConfidentialVmSupported"})


def security_of(properties: Json) -> str:
    """The security type of a VM or a disk; empty for Standard."""
    security = str((properties.get("securityProfile") or {}).get("securityType") or "")
    return "" if security == "Standard" else security


def feature(definition: Json, name: str) -> str:
    """The value of a feature of an image definition; empty without it."""
    features = definition["properties"].get("features") or []
    return str(next((one["value"] for one in features if one["name"] == name), ""))


def image_gb(sim: Sim, gallery_id: str) -> int:
    """The size of the OS disk in an image version."""
    body = sim.world.of(references.VERSION).get(gallery_id.lower()) or {}
    storage = (body.get("properties") or {}).get("storageProfile") or {}
    return int((storage.get("osDiskImage") or {}).get("sizeInGB") or DISK_GB)


def check_fit(sim: Sim, vm: Vm, gallery_id: str) -> None:
    """Refuse a VM that does not fit the definition or the image (no check outside a gallery)."""
    definition = sim.world.of(references.DEFINITION).get(references.definition_of(gallery_id).lower())
    if definition is None:
        return
    _check_security(vm, definition)
    _check_disk_type(vm, definition)
    size, given = image_gb(sim, gallery_id), vm.os_disk.get("diskSizeGB")
    if given is not None and int(given) < size:
        message = (
            f"The specified disk size {given} GB is smaller than the size of the corresponding disk in the VM image: "
            f"{size} GB. This is not allowed. Please choose equal or greater size or do not specify an explicit size."
        )
        raise ArmError(409, "OperationNotAllowed", message, "osDisk.diskSizeGB")


def _check_security(vm: Vm, definition: Json) -> None:
    has, offered = security_of(vm.props) or "Standard", feature(definition, "SecurityType") or "Standard"
    fits = {
        "TrustedLaunch": offered in TRUSTED,
        "ConfidentialVM": offered in CONFIDENTIAL,
        "Standard": offered not in {"TrustedLaunch", "ConfidentialVM"},
    }
    if not fits.get(has, True):
        message = (
            "The provided gallery image only supports creation of VMs and VM Scale Sets with "
            f"'{offered}' security type."
        )
        raise ArmError(400, "BadRequest", message, "securityProfile.securityType")
    if has != "Standard" and definition["properties"].get("hyperVGeneration") == "V1":
        message = "Security type is only supported with images of hypervisor generation 2."
        raise ArmError(400, "BadRequest", message, "imageReference")


def _check_disk_type(vm: Vm, definition: Json) -> None:
    refused = (definition["properties"].get("disallowed") or {}).get("diskTypes") or []
    wanted = str((vm.os_disk.get("managedDisk") or {}).get("storageAccountType") or "")
    if wanted in refused:
        message = f"The image definition does not allow OS disks of type {wanted}."
        raise ArmError(400, "InvalidParameter", message, "osDisk.managedDisk.storageAccountType")
