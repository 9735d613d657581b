"""Action routes of VMs: reimage, power, generalize, and the one-off run command."""

import hashlib

from local.sim.avd import guests
from local.sim.compute import disks, references
from local.sim.compute.quota import check_quota
from local.sim.compute.virtual_machines import check_idle, find_vm
from local.sim.compute.vm_bodies import KIND
from local.sim.core.operations import accepted, begin
from local.sim.core.routes import arm
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json
from local.sim.core.world import Guest, Vm


def _post(action: str) -> str:
    return f"{KIND}/*/{action}"


@arm("POST", _post("reimage"), "reimage")
def reimage(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    check_idle(vm)
    exact = str(call.body.get("exactVersion") or "")
    _check_custom_data(vm, call.body)
    version, gallery_id = _target(sim, vm, exact)
    guests.check_disturbance(sim, vm, "reimage")
    if exact:
        guests.check_repetition(sim, vm.name, sim.world.version_on(vm), bool(vm.guest.pool), exact)
    was_running = vm.power == "running"
    guests.shut_down(sim, vm)
    vm.provisioning = "Updating"

    def finish() -> None:
        vm.provisioning = "Succeeded"
        _new_disk(sim, vm, version, gallery_id)
        sim.world.count("reimaged")
        if was_running:
            guests.boot(sim, vm)

    def fail() -> None:
        vm.provisioning = "Failed"
        if was_running:
            guests.boot(sim, vm)

    vm.major = begin(sim, call, "reimage", finish, fail)
    return accepted(sim, call, vm.major)


def _check_custom_data(vm: Vm, body: Json) -> None:
    custom = (body.get("osProfile") or {}).get("customData")
    if custom is not None and hashlib.sha256(custom.encode()).hexdigest() != vm.custom_data:
        message = (
            "Reimage requires the custom data provided should be same as the custom data provided while "
            "creating the Virtual Machine."
        )
        raise ArmError(400, "BadRequest", message, "osProfile.customData")


def _target(sim: Sim, vm: Vm, exact: str) -> tuple[str, str]:
    """The version to reimage to: `exactVersion` within the VM's image definition, or the current one."""
    reference = vm.props["storageProfile"].get("imageReference") or {}
    definition = references.definition_of(str(reference.get("id") or ""))
    current = sim.world.version_on(vm)
    wanted = exact if exact and not vm.ephemeral else current
    if not definition or not wanted:
        return current, ""
    body = references.gallery_version(sim, f"{definition}/versions/{wanted}")
    return str(body["name"]), str(body["id"])


def _new_disk(sim: Sim, vm: Vm, version: str, gallery_id: str) -> None:
    """Give the VM a new OS disk and a new guest. The old disk is kept when its `deleteOption` is Detach."""
    old = sim.world.disk(vm.os_disk_id)
    if sim.faults.take("reimage_ignores_version", vm.name, "reimage"):
        version = sim.world.version_on(vm)
        gallery_id = gallery_id and f"{references.definition_of(gallery_id)}/versions/{version}"
    elif vm.props["storageProfile"].get("imageReference") and version:
        vm.props["storageProfile"]["imageReference"]["exactVersion"] = version
    if old is not None:
        old.guest = vm.guest
        disks.detach(sim, old, str(vm.os_disk.get("deleteOption", "Detach")))
        disks.os_disk_from(sim, vm, version, gallery_id)
    vm.guest = Guest()


@arm("POST", _post("deallocate"), "deallocate")
def deallocate(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    if vm.ephemeral:
        message = f"VM '{vm.name}' has an ephemeral OS disk and cannot be deallocated."
        raise ArmError(409, "OperationNotAllowed", message)
    return _power(sim, call, vm, "deallocate", "deallocating", "deallocated")


@arm("POST", _post("powerOff"), "power_off")
def power_off(sim: Sim, call: Call) -> Answer:
    return _power(sim, call, find_vm(sim, call), "power_off", "stopping", "stopped")


def _power(sim: Sim, call: Call, vm: Vm, action: str, transitional: str, final: str) -> Answer:
    check_idle(vm)
    before = vm.power
    if before == final or (before == "deallocated" and final == "stopped"):
        return Answer(200)
    guests.check_disturbance(sim, vm, action)
    guests.shut_down(sim, vm)
    vm.power = transitional

    def finish() -> None:
        vm.power = final

    def fail() -> None:
        vm.power = before
        if before == "running":
            guests.boot(sim, vm)

    vm.major = begin(sim, call, action, finish, fail)
    return accepted(sim, call, vm.major)


@arm("POST", _post("start"), "start")
def start(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    check_idle(vm)
    if vm.generalized:
        message = f"VM '{vm.name}' is generalized and cannot be started."
        raise ArmError(409, "OperationNotAllowed", message)
    if vm.power == "running":
        return Answer(200)
    if vm.power == "deallocated" or not vm.power:
        check_quota(sim, vm)
    before, vm.power = vm.power, "starting"

    def finish() -> None:
        vm.provisioning = "Succeeded"
        guests.boot(sim, vm)

    def fail() -> None:
        vm.power = before

    vm.major = begin(sim, call, "start", finish, fail)
    return accepted(sim, call, vm.major)


@arm("POST", _post("restart"), "restart")
def restart(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    check_idle(vm)
    if vm.power != "running":
        raise ArmError(409, "OperationNotAllowed", f"VM '{vm.name}' is not running.")
    guests.check_disturbance(sim, vm, "restart")
    guests.shut_down(sim, vm)

    def up() -> None:
        guests.boot(sim, vm)

    vm.major = begin(sim, call, "restart", up, up)
    return accepted(sim, call, vm.major)


@arm("POST", _post("generalize"), "generalize")
def generalize(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    check_idle(vm)
    if vm.power not in {"deallocated", "stopped"}:
        raise ArmError(409, "OperationNotAllowed", f"VM '{vm.name}' must be stopped before it is generalized.")
    if not vm.generalized:
        guests.check_is_copy(sim, vm, "generalize")
        if not vm.guest.sysprepped:  # Azure does not check this, but VMs from such an image never start
            guests.violation(sim, "not_prepared", vm.name, "generalized without sysprep, or started after it")
    vm.generalized = True
    return Answer(200)


@arm("POST", _post("runCommand"), "run_command")
def run_command(sim: Sim, call: Call) -> Answer:
    """The action form of run command: it creates no resource, and the output is the operation's result."""
    vm = find_vm(sim, call)
    check_idle(vm)
    if vm.power != "running":
        raise ArmError(409, "OperationNotAllowed", f"The VM '{vm.name}' is not running.")

    def finish() -> Json:
        codes = ("ComponentStatus/StdOut/succeeded", "ComponentStatus/StdErr/succeeded")
        return {"value": [{"code": code, "level": "Info", "displayStatus": "ok", "message": ""} for code in codes]}

    op = begin(sim, call, "run_command", finish)
    vm.minor.append(op)
    return accepted(sim, call, op)
