"""Checks the source of a new gallery image version."""

from local.sim.compute import references
from local.sim.compute.image_fit import feature, security_of
from local.sim.core.simulator import Sim
from local.sim.core.wire import ArmError, Json

VM_MARK = "/virtualmachines/"


def check_source(sim: Sim, definition: Json, storage: Json) -> None:
    """Refuse a source that does not exist or does not fit the image definition."""
    source = storage.get("source") or {}
    vm_id = str(source.get("virtualMachineId") or "")
    source_id = vm_id or str(source.get("id") or "")
    if not source_id:
        source_id = str(((storage.get("osDiskImage") or {}).get("source") or {}).get("id") or "")
    if not source_id:
        raise ArmError(400, "InvalidParameter", "Required parameter 'storageProfile.source' is missing.", "source")
    if not _exists(sim, source_id):
        message = f"The source '{source_id}' was not found."
        raise ArmError(404, "ResourceNotFound", message, "storageProfile.source")
    if VM_MARK in source_id.lower():
        _check_vm(sim, definition, source_id)
    elif source_id.lower() in sim.world.of(references.MANAGED_IMAGE):
        _check_image(sim, definition, source_id)


def _exists(sim: Sim, source_id: str) -> bool:
    key = source_id.lower()
    stores = (references.MANAGED_IMAGE, references.VERSION, "Microsoft.Compute/snapshots")
    return key in sim.world.vms or key in sim.world.disks or any(key in sim.world.of(s) for s in stores)


def _security(definition: Json) -> str:
    return feature(definition, "SecurityType")


def _check_image(sim: Sim, definition: Json, image_id: str) -> None:
    image = sim.world.of(references.MANAGED_IMAGE)[image_id.lower()]
    if image["properties"]["provisioningState"] != "Succeeded":
        message = f"The image '{image['name']}' is {image['properties']['provisioningState']}."
        raise ArmError(409, "OperationNotAllowed", message, "storageProfile.source")
    if _security(definition) == "TrustedLaunch":
        message = "A definition with security type TrustedLaunch accepts no managed image; capture a Trusted Launch VM."
        raise ArmError(400, "InvalidParameter", message, "storageProfile.source.id")


def _check_vm(sim: Sim, definition: Json, vm_id: str) -> None:
    security = _security(definition)
    if security.endswith("Supported"):
        message = f"A definition with security type {security} cannot be captured from a VM; use a managed image."
        raise ArmError(400, "InvalidParameter", message, "storageProfile.source.virtualMachineId")
    vm = sim.world.vms[vm_id.lower()]
    if security_of(vm.props) != ("" if security == "Standard" else security):
        message = f"VM '{vm.name}' is not of the definition's security type, {security or 'Standard'}."
        raise ArmError(400, "InvalidParameter", message, "storageProfile.source.virtualMachineId")
    if definition["properties"].get("osState") == "Generalized" and not vm.generalized:
        message = f"VM '{vm.name}' must be generalized for a definition whose osState is Generalized."
        raise ArmError(409, "OperationNotAllowed", message, "storageProfile.source")
