"""Routes of snapshots and managed images, the steps between a template VM and a gallery version."""

import copy

from local.sim.avd import guests
from local.sim.compute import disks, references
from local.sim.compute.image_fit import security_of
from local.sim.core.clock import utc_now
from local.sim.core.names import last
from local.sim.core.operations import accepted, begin
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, in_group, not_found, required

SNAPSHOT = "Microsoft.Compute/snapshots"
KINDS = {"snapshots": SNAPSHOT, "images": references.MANAGED_IMAGE}


def _kind(call: Call) -> str:
    return KINDS[call.pattern.split("/")[1]]


@arm("GET", "Microsoft.Compute/snapshots/*", "get_snapshot")
@arm("GET", "Microsoft.Compute/images/*", "get_image")
def get(sim: Sim, call: Call) -> Answer:
    kind = _kind(call)
    body = sim.world.of(kind).get(call.id_of(kind, call.names[0]).lower())
    if body is None:
        raise not_found(kind, call.names[0], call.group)
    return Answer(200, references.public(body))


@arm("GET", "Microsoft.Compute/snapshots", "list_snapshots")
@arm("GET", "Microsoft.Compute/images", "list_images")
def list_all(sim: Sim, call: Call) -> Answer:
    rows = in_group(call, sim.world.of(_kind(call)))
    return page(sim, call, rows, references.public)


@arm("DELETE", "Microsoft.Compute/snapshots/*", "delete_snapshot")
@arm("DELETE", "Microsoft.Compute/images/*", "delete_image")
def delete(sim: Sim, call: Call) -> Answer:
    kind = _kind(call)
    key = call.id_of(kind, call.names[0]).lower()
    if key not in sim.world.of(kind):
        return Answer(204)

    def finish() -> None:
        sim.world.of(kind).pop(key, None)

    return accepted(sim, call, begin(sim, call, "disk_delete", finish))


def _stored(call: Call, kind: str, version: str) -> Json:
    return {
        "id": call.id_of(kind, call.names[0]),
        "name": call.names[0],
        "type": kind,
        "location": required(call.body, "location"),
        "tags": dict(call.body.get("tags") or {}),
        "properties": copy.deepcopy(call.body.get("properties") or {}),
        "_version": version,
    }


@arm("PUT", "Microsoft.Compute/snapshots/*", "put_snapshot")
def put_snapshot(sim: Sim, call: Call) -> Answer:
    creation = required(call.body, "properties", "creationData")
    required(creation, "sourceResourceId")
    body = _stored(call, SNAPSHOT, disks.source_version(sim, creation))
    body["sku"] = call.body.get("sku") or {"name": "Standard_LRS"}
    body["properties"] = disks.copied_properties(sim, creation) | body["properties"]
    body["properties"] |= {"timeCreated": utc_now(), "diskState": "Unattached", "provisioningState": "Updating"}
    _check_source_is_off(sim, str(creation["sourceResourceId"]))
    sim.world.of(SNAPSHOT)[body["id"].lower()] = body

    def finish() -> Json:
        body["properties"] |= {"provisioningState": "Succeeded", "completionPercent": 100}
        return references.public(body)

    def fail() -> None:
        body["properties"]["provisioningState"] = "Failed"

    return accepted(sim, call, begin(sim, call, "snapshot", finish, fail), 202, references.public(body))


def _check_source_is_off(sim: Sim, source: str) -> None:
    """Record a violation for a snapshot of a running VM's disk. Azure allows it, but the copy is inconsistent."""
    disk = sim.world.disk(source)
    vm = sim.world.vm(disk.owner) if disk else None
    if vm is not None and vm.power not in {"deallocated", "stopped"}:
        guests.violation(sim, "snapshot_of_running", vm.name, f"snapshot of {last(source)} while the VM is {vm.power}")


@arm("PUT", "Microsoft.Compute/images/*", "put_image")
def put_image(sim: Sim, call: Call) -> Answer:
    vm_id = str(required(call.body, "properties", "sourceVirtualMachine", "id"))
    vm = sim.world.vm(vm_id)
    if vm is None:
        raise ArmError(404, "ResourceNotFound", f"The source VM '{vm_id}' was not found.", "sourceVirtualMachine")
    if not vm.generalized:
        message = f"VM '{vm.name}' must be generalized before an image is made of it."
        raise ArmError(409, "OperationNotAllowed", message, "sourceVirtualMachine")
    if security_of(vm.props):
        message = f"VM '{vm.name}' is a Trusted Launch VM: no managed image can be made of it; capture it to a gallery."
        raise ArmError(409, "OperationNotAllowed", message, "sourceVirtualMachine")
    body = _stored(call, references.MANAGED_IMAGE, sim.world.version_on(vm))
    body["properties"]["provisioningState"] = "Creating"
    store = sim.world.of(references.MANAGED_IMAGE)
    store[body["id"].lower()] = body

    def finish() -> None:
        body["properties"]["provisioningState"] = "Succeeded"

    def fail() -> None:
        body["properties"]["provisioningState"] = "Failed"

    op = begin(sim, call, "image", finish, fail)
    return accepted(sim, call, op, 201, references.public(body))


@arm("POST", "Microsoft.Compute/snapshots/*/endGetAccess", "revoke_snapshot_access")
def revoke_access(sim: Sim, call: Call) -> Answer:
    return Answer(200)
