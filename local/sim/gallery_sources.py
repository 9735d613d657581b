"""What a gallery version may be made of."""

from typing import TYPE_CHECKING

from local.sim import images
from local.sim.arm import ArmError, Json

if TYPE_CHECKING:
    from local.sim.sim import Sim

VM_MARK = "/virtualmachines/"


def check_source(sim: "Sim", definition: Json, storage: Json) -> None:
    """Refuse a source that does not exist or that this kind of definition cannot take."""
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


def _exists(sim: "Sim", source_id: str) -> bool:
    key = source_id.lower()
    stores = (images.MANAGED_IMAGE, images.VERSION, "Microsoft.Compute/snapshots")
    return key in sim.world.vms or key in sim.world.disks or any(key in sim.world.of(s) for s in stores)


def _check_vm(sim: "Sim", definition: Json, vm_id: str) -> None:
    features = definition["properties"].get("features") or []
    security = next((f["value"] for f in features if f["name"] == "SecurityType"), "")
    if str(security).endswith("Supported"):
        message = f"A definition of security type {security} cannot be captured from a VM; use a managed image."
        raise ArmError(400, "InvalidParameter", message, "storageProfile.source.virtualMachineId")
    vm = sim.world.vms[vm_id.lower()]
    if definition["properties"].get("osState") == "Generalized" and not vm.generalized:
        message = f"VM '{vm.name}' must be generalized for a definition whose osState is Generalized."
        raise ArmError(409, "OperationNotAllowed", message, "storageProfile.source")
