"""Routes of virtual machines: read, list, create, change, delete."""

import copy
import hashlib

from local.sim.avd import guests
from local.sim.compute import disks, network
from local.sim.compute.disk_swap import requested_disk, swap
from local.sim.compute.quota import check_quota
from local.sim.compute.references import public
from local.sim.compute.vm_bodies import KIND, status_only, view, vm_body, with_resources
from local.sim.compute.vm_patch import apply_changes, refuse_fixed
from local.sim.core.clock import utc_now
from local.sim.core.operations import accepted, begin, pre_empt
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, in_group, not_found, required
from local.sim.core.world import Disk, Operation, Tombstone, Vm

TOP_LEVEL = ("identity", "zones", "plan", "extendedLocation")


def find_vm(sim: Sim, call: Call) -> Vm:
    vm = sim.world.vm(call.id_of(KIND, call.names[0]))
    if vm is None:
        raise not_found(KIND, call.names[0], call.group)
    return vm


def check_idle(vm: Vm) -> None:
    """Refuse an operation while another one is in progress on the VM."""
    vm.minor = [op for op in vm.minor if op.running]
    running = vm.deleting or (vm.major if vm.major and vm.major.running else None) or next(iter(vm.minor), None)
    if running is not None:
        message = f"Operation cannot start: '{running.name}' is in progress on VM '{vm.name}'."
        raise ArmError(409, "OperationNotAllowed", message)


def check_etag(vm: Vm, call: Call) -> None:
    wanted = call.headers.get("if-match", "*")
    if wanted not in {"*", f'"{vm.etag}"'}:
        raise ArmError(412, "PreconditionFailed", "The resource has changed since its ETag was read.")


@arm("GET", "Microsoft.Compute/virtualMachines/*", "get_vm")
def get_vm(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    body = vm_body(vm, "instanceview" in call.query.get("$expand", "").lower())
    return Answer(200, with_resources(body, [public(one) for one in _extensions(sim, vm)]))


def _extensions(sim: Sim, vm: Vm) -> list[Json]:
    return list(sim.world.of(f"{vm.id}/extensions").values())


@arm("GET", "Microsoft.Compute/virtualMachines/*/instanceView", "instance_view")
def instance_view(sim: Sim, call: Call) -> Answer:
    return Answer(200, view(find_vm(sim, call)))


@arm("GET", "Microsoft.Compute/virtualMachines", "list_vms")
def list_vms(sim: Sim, call: Call) -> Answer:
    rows = in_group(call, sim.world.vms)
    if call.query.get("statusOnly", "").lower() == "true":
        return page(sim, call, rows, status_only)
    expand = "instanceview" in call.query.get("$expand", "").lower()

    def shown(vm: Vm) -> Json:
        return with_resources(vm_body(vm, expand), [{"id": one["id"]} for one in _extensions(sim, vm)])

    return page(sim, call, rows, shown)


@arm("PUT", "Microsoft.Compute/virtualMachines/*", "create_vm")
def put_vm(sim: Sim, call: Call) -> Answer:
    existing = sim.world.vm(call.id_of(KIND, call.names[0]))
    if existing is None:
        vm = _new_vm(sim, call)
        return accepted(sim, call, _allocate(sim, call, vm), 201, vm_body(vm))
    check_idle(existing)
    check_etag(existing, call)
    refuse_fixed(existing, call.body)
    if existing.power == "" and existing.provisioning == "Failed":  # its creation failed: try again
        check_quota(sim, existing)
        return accepted(sim, call, _allocate(sim, call, existing), 200, vm_body(existing))
    return _change(sim, call, existing)


def _new_vm(sim: Sim, call: Call) -> Vm:
    """Check what Azure checks before it answers, and store the VM with its disk."""
    body = call.body
    location = required(body, "location")
    required(body, "properties", "hardwareProfile", "vmSize")
    if required(body, "properties", "storageProfile", "osDisk", "createOption") == "FromImage":
        for field in ("computerName", "adminUsername"):
            required(body, "properties", "osProfile", field)
    props = copy.deepcopy(body["properties"])
    vm_id, name = call.id_of(KIND, call.names[0]), call.names[0]
    custom = props.get("osProfile", {}).pop("customData", None)
    for secret in ("adminPassword", "secrets"):
        props.get("osProfile", {}).pop(secret, None)
    props.pop("userData", None)
    vm = Vm(vm_id, name, location, props, guests.new_uuid(sim), utc_now(), power="", provisioning="Creating")
    vm.tags = dict(body.get("tags") or {})
    vm.extra = _top_level(sim, body)
    vm.custom_data = hashlib.sha256(custom.encode()).hexdigest() if custom else ""
    check_quota(sim, vm)
    new_cards = bool(props.get("networkProfile", {}).get("networkInterfaceConfigurations"))
    (network.check_nic_configurations if new_cards else network.check_nics_are_free)(sim, vm)
    disks.create_os_disk(sim, vm)
    if new_cards:
        network.create_nics(sim, vm)
    network.attach(sim, vm)
    stone = sim.world.tombstones.pop(vm_id.lower(), None)
    if stone is not None:
        guests.check_repetition(sim, name, stone.version, stone.registered, sim.world.version_on(vm))
    sim.world.vms[vm_id.lower()] = vm
    return vm


def _top_level(sim: Sim, body: Json) -> Json:
    extra = {key: copy.deepcopy(body[key]) for key in TOP_LEVEL if body.get(key)}
    identity = extra.get("identity")
    if identity and "SystemAssigned" in identity.get("type", ""):
        identity["principalId"] = guests.new_uuid(sim)  # a recreated VM has a new principal
    return extra


def _allocate(sim: Sim, call: Call, vm: Vm) -> Operation:
    vm.provisioning = "Creating"

    def finish() -> None:
        vm.provisioning = "Succeeded"
        vm.guest = type(vm.guest)()
        guests.boot(sim, vm)
        sim.world.count("created")

    def fail() -> None:
        vm.provisioning, vm.power = "Failed", ""

    vm.major = begin(sim, call, "create", finish, fail)
    return vm.major


@arm("PATCH", "Microsoft.Compute/virtualMachines/*", "update_vm")
def patch_vm(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    check_etag(vm, call)
    if set(call.body) - {"tags"}:
        check_idle(vm)
    refuse_fixed(vm, call.body)
    return _change(sim, call, vm)


def _change(sim: Sim, call: Call, vm: Vm) -> Answer:
    wanted = requested_disk(vm, call.body)
    answer = swap(sim, call, vm, wanted) if wanted else None
    apply_changes(vm, call.body)
    return answer or Answer(200, vm_body(vm))


@arm("DELETE", "Microsoft.Compute/virtualMachines/*", "delete_vm")
def delete_vm(sim: Sim, call: Call) -> Answer:
    vm = sim.world.vm(call.id_of(KIND, call.names[0]))
    if vm is None:
        return Answer(204)
    if vm.deleting is not None:
        return accepted(sim, call, vm.deleting)
    guests.check_disturbance(sim, vm, "delete")
    pre_empt(vm.major)
    for op in vm.minor:
        pre_empt(op)
    before, vm.provisioning = vm.provisioning, "Deleting"
    guests.shut_down(sim, vm)

    def finish() -> None:
        remove(sim, vm)
        sim.world.count("deleted")

    def fail() -> None:
        vm.provisioning, vm.deleting = before, None
        if vm.power == "running":
            guests.boot(sim, vm)

    op = begin(sim, call, "delete", finish, fail)
    vm.deleting = op if op.running else None
    return accepted(sim, call, op)


def remove(sim: Sim, vm: Vm) -> None:
    """Remove a VM. Its disks and network interfaces are deleted or kept according to their `deleteOption`."""
    version = sim.world.version_on(vm)
    sim.world.tombstones[vm.id.lower()] = Tombstone(version, bool(vm.guest.pool))
    disk: Disk | None = sim.world.disk(vm.os_disk_id)
    if disk is not None:
        disk.guest = vm.guest
        disks.detach(sim, disk, str(vm.os_disk.get("deleteOption", "Detach")))
    for data in vm.props["storageProfile"].get("dataDisks", []):
        attached = sim.world.disk(str(data.get("managedDisk", {}).get("id", "")))
        if attached is not None:
            disks.detach(sim, attached, str(data.get("deleteOption", "Detach")))
    network.detach(sim, vm)
    sim.world.vms.pop(vm.id.lower(), None)
    for child in ("extensions", "runCommands"):
        sim.world.resources.pop(f"{vm.id}/{child}".lower(), None)
