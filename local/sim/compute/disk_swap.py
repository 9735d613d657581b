"""Swaps the OS disk of a deallocated VM, for example for a kept disk."""

from local.sim.avd import guests
from local.sim.compute.image_fit import DISK_GB, security_of
from local.sim.compute.vm_bodies import vm_body
from local.sim.core.names import last
from local.sim.core.operations import accepted, begin
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json
from local.sim.core.world import Disk, Guest, Vm

OP = "swap_os_disk"
"""The operation name under which a swap is counted."""


def requested_disk(vm: Vm, body: Json) -> str:
    """The id of the OS disk that the body asks for; empty when it names none or the current one."""
    os_disk = ((body.get("properties") or {}).get("storageProfile") or {}).get("osDisk") or {}
    wanted = str((os_disk.get("managedDisk") or {}).get("id") or "")
    return "" if wanted.lower() == vm.os_disk_id.lower() else wanted


def swap(sim: Sim, call: Call, vm: Vm, disk_id: str) -> Answer:
    """Start the swap. The guest of the new disk is not registered, and its domain trust may be outdated."""
    sim.recount_as(call, OP)
    new = _free_disk(sim, vm, disk_id)
    guests.check_disturbance(sim, vm, "swap")
    guests.check_repetition(sim, vm.name, sim.world.version_on(vm), bool(vm.guest.pool), new.version)
    before, vm.provisioning = vm.provisioning, "Updating"

    def finish() -> None:
        _attach(sim, vm, _free_disk(sim, vm, disk_id))
        vm.provisioning = "Succeeded"
        sim.world.count("swapped")

    def fail() -> None:
        vm.provisioning = before

    vm.major = begin(sim, call, "update", finish, fail)
    return accepted(sim, call, vm.major, 200, vm_body(vm))


def _free_disk(sim: Sim, vm: Vm, disk_id: str) -> Disk:
    if vm.ephemeral:
        raise ArmError(409, "OperationNotAllowed", f"VM '{vm.name}' has an ephemeral OS disk.")
    if vm.power != "deallocated":
        raise ArmError(409, "OperationNotAllowed", "The OS disk can be swapped only while the VM is deallocated.")
    disk = sim.world.disk(disk_id)
    if disk is None:
        raise ArmError(404, "ResourceNotFound", f"Disk {last(disk_id)} is not found.", "osDisk.managedDisk.id")
    if disk.owner:
        message = f"Disk {disk.name} is attached to VM {last(disk.owner)} and cannot be attached to another one."
        raise ArmError(409, "ConflictingUserInput", message, "osDisk.managedDisk.id")
    _check_same_kind(vm, disk)
    return disk


def _check_same_kind(vm: Vm, disk: Disk) -> None:
    """Size, storage type and security type must be those of the VM's own disk."""
    size, sku = vm.os_disk.get("diskSizeGB", DISK_GB), vm.os_disk.get("managedDisk", {}).get("storageAccountType")
    other = disk.props.get("diskSizeGB", DISK_GB)
    if other != size:
        raise ArmError(
            409, "OperationNotAllowed", f"Disk {disk.name} has {other} GB, the VM's has {size} GB.", "osDisk.diskSizeGB"
        )
    if sku and disk.sku != sku:
        message = f"Disk {disk.name} is of type {disk.sku}, the VM's OS disk of type {sku}."
        raise ArmError(409, "OperationNotAllowed", message, "osDisk.managedDisk.storageAccountType")
    if security_of(disk.props) != security_of(vm.props):
        has, wanted = security_of(disk.props) or "Standard", security_of(vm.props) or "Standard"
        message = f"Disk {disk.name} of security type {has} cannot be attached to a VM of type {wanted}."
        raise ArmError(400, "BadRequest", message, "securityProfile.securityType")


def _attach(sim: Sim, vm: Vm, new: Disk) -> None:
    old = sim.world.disk(vm.os_disk_id)
    if old is not None:
        old.owner, old.guest = "", vm.guest
    new.owner, new.last_attached_to = vm.id, vm.id
    vm.os_disk["managedDisk"] = {**vm.os_disk.get("managedDisk", {}), "id": new.id}
    vm.os_disk["name"] = new.name
    vm.guest = new.guest if new.guest is not None else Guest()
