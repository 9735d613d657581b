"""Routes of VM extensions (the domain or Entra join), and reading and deleting of extensions and run commands."""

import copy

from local.sim.avd import guests
from local.sim.compute.references import public
from local.sim.compute.virtual_machines import find_vm
from local.sim.compute.vm_bodies import KIND
from local.sim.core.operations import accepted, begin
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, not_found, required
from local.sim.core.world import Vm
from local.sim.graph.devices import add_device

SECRET = ("protectedSettings", "protectedSettingsFromKeyVault", "protectedParameters", "runAsPassword")
JOINS = {"JsonADDomainExtension": "ad", "AADLoginForWindows": "entra"}


def check_accepts_software(vm: Vm) -> None:
    """Refuse extensions and run commands while the VM is not running or another operation is in progress."""
    busy = vm.deleting or vm.major
    if busy is not None and busy.running:
        raise ArmError(409, "OperationNotAllowed", f"'{busy.name}' is in progress on VM '{vm.name}'.")
    if vm.power != "running":
        message = f"Cannot modify extensions in the VM '{vm.name}' when the VM is not running."
        raise ArmError(409, "OperationNotAllowed", message)


def store_of(sim: Sim, vm: Vm, child: str) -> dict[str, Json]:
    return sim.world.of(f"{vm.id}/{child}")


def stored_body(call: Call, vm: Vm, child: str) -> Json:
    """The resource without protected settings, which ARM never returns."""
    props = copy.deepcopy(call.body.get("properties") or {})
    for secret in SECRET:
        props.pop(secret, None)
    name = call.names[1]
    return {
        "id": f"{vm.id}/{child}/{name}",
        "name": name,
        "type": f"{KIND}/{child}",
        "location": required(call.body, "location"),
        "tags": dict(call.body.get("tags") or {}),
        "properties": {**props, "provisioningState": "Creating"},
    }


@arm("GET", f"{KIND}/*/extensions/*", "get_extension")
@arm("GET", f"{KIND}/*/runCommands/*", "get_run_command")
def get_child(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    child = call.pattern.split("/")[-2].replace("runcommands", "runCommands")
    body = store_of(sim, vm, child).get(call.names[1].lower())
    if body is None:
        raise not_found(f"{KIND}/{child}", "/".join(call.names), call.group)
    return Answer(200, _shown(call, body))


@arm("GET", f"{KIND}/*/extensions", "list_extensions")
@arm("GET", f"{KIND}/*/runCommands", "list_run_commands")
def list_children(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    child = call.pattern.split("/")[-1].replace("runcommands", "runCommands")
    return page(sim, call, store_of(sim, vm, child), lambda body: _shown(call, body))


def _shown(call: Call, body: Json) -> Json:
    shown = public(body)
    if "instanceview" in call.query.get("$expand", "").lower() and "_view" in body:
        shown["properties"] = {**body["properties"], "instanceView": body["_view"]}
    return shown


@arm("DELETE", f"{KIND}/*/extensions/*", "delete_extension")
@arm("DELETE", f"{KIND}/*/runCommands/*", "delete_run_command")
def delete_child(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    child = call.pattern.split("/")[-2].replace("runcommands", "runCommands")
    gone = store_of(sim, vm, child).pop(call.names[1].lower(), None)
    return Answer(200 if gone else 204)


@arm("PUT", f"{KIND}/*/extensions/*", "put_extension")
@arm("PATCH", f"{KIND}/*/extensions/*", "put_extension")
def put_extension(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    check_accepts_software(vm)
    for field in ("publisher", "type", "typeHandlerVersion"):
        required(call.body, "properties", field)
    body = stored_body(call, vm, "extensions")
    store = store_of(sim, vm, "extensions")
    existing = store.get(call.names[1].lower())
    store[call.names[1].lower()] = body
    secrets = call.body["properties"].get("protectedSettings") or {}
    # Azure runs a handler again only when its settings or its forceUpdateTag changed, or when it failed.
    runs = existing is None or _settings(existing) != _settings(body)

    def finish() -> None:
        if runs:
            _run_extension(sim, vm, body["properties"], secrets)
        _set_state(body, "Succeeded", "")

    op = begin(sim, call, "extension", finish, lambda: _set_state(body, "Failed", "The handler failed."))
    vm.minor.append(op)
    return accepted(sim, call, op, 200 if existing or call.method == "PATCH" else 201, public(body))


def _settings(body: Json) -> tuple[object, ...]:
    properties = body["properties"]
    failed = properties["provisioningState"] == "Failed"
    return properties.get("forceUpdateTag"), properties.get("settings"), properties.get("typeHandlerVersion"), failed


def _set_state(body: Json, state: str, message: str) -> None:
    body["properties"]["provisioningState"] = state
    body["_view"] = {
        "name": body["name"],
        "statuses": [{"code": f"ProvisioningState/{state.lower()}", "level": "Info", "message": message}],
    }


def _run_extension(sim: Sim, vm: Vm, properties: Json, secrets: Json) -> None:
    settings = properties.get("settings") or {}
    match JOINS.get(properties["type"]):
        case "ad":
            _join_domain(sim, vm, settings, secrets)
        case "entra":
            _join_entra(sim, vm, properties)


def _join_domain(sim: Sim, vm: Vm, settings: Json, secrets: Json) -> None:
    missing = [k for k in ("Name", "User") if not settings.get(k)]
    missing += [] if secrets.get("Password") else ["Password"]
    if missing:
        raise _failed(f"The domain join failed: {', '.join(missing)} not given.")
    if guests.computer_of(vm).lower() in (sim.world.expect.get("foreign_accounts") or ()):
        vm.guest.join_log = ["NetpModifyComputerObjectInDs: Account exists.", "NetpDoDomainJoin: status: 0xaac"]
        raise _failed(f"Exception(s) occurred while joining Domain '{settings['Name']}'.")
    holds = guests.trusted(sim, vm)
    vm.guest.joined, vm.guest.domain = "ad", str(settings["Name"])
    guests.record_join(sim, vm)
    if holds:
        vm.guest.join_number = 0  # joined over a trust that held: the computer's password is not the domain's now


def _join_entra(sim: Sim, vm: Vm, properties: Json) -> None:
    if "SystemAssigned" not in (vm.extra.get("identity") or {}).get("type", ""):
        raise _failed("AADLoginForWindows needs a system-assigned identity on the VM.")
    settings, name = properties.get("settings"), guests.computer_of(vm)
    if settings == {}:  # left out is fine, empty is not
        raise _failed("AADLoginForWindows: the settings are not valid: mdmId is missing.")
    if sim.world.devices_named(name):
        raise _failed(f"AADLoginForWindows: another object with the value {name} for property hostnames exists.")
    device = add_device(sim, name, vm.id, intune=bool((settings or {}).get("mdmId")))
    vm.guest.joined, vm.guest.device_id = "entra", device.device_id
    guests.record_join(sim, vm)


def _failed(message: str) -> ArmError:
    return ArmError(409, "VMExtensionProvisioningError", message)
