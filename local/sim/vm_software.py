"""Extensions and managed run commands: how software gets into a machine, and secrets with it."""

import copy
from typing import TYPE_CHECKING

from local.sim import guests
from local.sim.arm import Answer, ArmError, Call, Json, arm, not_found, page, required
from local.sim.clock import utc_now
from local.sim.compute import find_vm
from local.sim.images import public
from local.sim.operations import accepted, begin
from local.sim.vm_view import KIND
from local.sim.world import Guest, Vm

if TYPE_CHECKING:
    from local.sim.sim import Sim

SECRET = ("protectedSettings", "protectedSettingsFromKeyVault", "protectedParameters", "runAsPassword")
JOINS = {"JsonADDomainExtension": "ad", "AADLoginForWindows": "entra"}
TOKEN = "registrationtoken"  # noqa: S105 - the parameter's name, not a token


def _ready(vm: Vm) -> None:
    """Software can be put into a machine that runs and is not being worked on."""
    busy = vm.deleting or vm.major
    if busy is not None and busy.running:
        raise ArmError(409, "OperationNotAllowed", f"'{busy.name}' is in progress on VM '{vm.name}'.")
    if vm.power != "running":
        message = f"Cannot modify extensions in the VM '{vm.name}' when the VM is not running."
        raise ArmError(409, "OperationNotAllowed", message)


def _store(sim: "Sim", vm: Vm, child: str) -> dict[str, Json]:
    return sim.world.of(f"{vm.id}/{child}")


def _keep(call: Call, vm: Vm, child: str) -> Json:
    """The resource without anything protected: ARM never gives that back."""
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
def get_child(sim: "Sim", call: Call) -> Answer:
    vm = find_vm(sim, call)
    child = call.pattern.split("/")[-2].replace("runcommands", "runCommands")
    body = _store(sim, vm, child).get(call.names[1].lower())
    if body is None:
        raise not_found(f"{KIND}/{child}", "/".join(call.names), call.group)
    return Answer(200, _shown(call, body))


@arm("GET", f"{KIND}/*/extensions", "list_extensions")
@arm("GET", f"{KIND}/*/runCommands", "list_run_commands")
def list_children(sim: "Sim", call: Call) -> Answer:
    vm = find_vm(sim, call)
    child = call.pattern.split("/")[-1].replace("runcommands", "runCommands")
    return page(sim, call, _store(sim, vm, child), lambda body: _shown(call, body))


def _shown(call: Call, body: Json) -> Json:
    shown = public(body)
    if "instanceview" in call.query.get("$expand", "").lower() and "_view" in body:
        shown["properties"] = {**body["properties"], "instanceView": body["_view"]}
    return shown


@arm("DELETE", f"{KIND}/*/extensions/*", "delete_extension")
@arm("DELETE", f"{KIND}/*/runCommands/*", "delete_run_command")
def delete_child(sim: "Sim", call: Call) -> Answer:
    vm = find_vm(sim, call)
    child = call.pattern.split("/")[-2].replace("runcommands", "runCommands")
    gone = _store(sim, vm, child).pop(call.names[1].lower(), None)
    return Answer(200 if gone else 204)


@arm("PUT", f"{KIND}/*/extensions/*", "put_extension")
@arm("PATCH", f"{KIND}/*/extensions/*", "put_extension")
def put_extension(sim: "Sim", call: Call) -> Answer:
    vm = find_vm(sim, call)
    _ready(vm)
    for field in ("publisher", "type", "typeHandlerVersion"):
        required(call.body, "properties", field)
    body = _keep(call, vm, "extensions")
    store = _store(sim, vm, "extensions")
    existing = store.get(call.names[1].lower())
    store[call.names[1].lower()] = body
    secrets = call.body["properties"].get("protectedSettings") or {}
    # The platform runs a handler again only when its settings or its forceUpdateTag changed, or when it failed.
    runs = existing is None or _settings(existing) != _settings(body)

    def finish() -> None:
        if runs:
            _run_extension(vm, body["properties"], secrets)
        _settle(body, "Succeeded", "")

    op = begin(sim, call, "extension", finish, lambda: _settle(body, "Failed", "The handler failed."))
    vm.minor.append(op)
    return accepted(sim, call, op, 200 if existing or call.method == "PATCH" else 201, public(body))


def _settings(body: Json) -> tuple[object, ...]:
    properties = body["properties"]
    failed = properties["provisioningState"] == "Failed"
    return properties.get("forceUpdateTag"), properties.get("settings"), properties.get("typeHandlerVersion"), failed


def _settle(body: Json, state: str, message: str) -> None:
    body["properties"]["provisioningState"] = state
    body["_view"] = {
        "name": body["name"],
        "statuses": [{"code": f"ProvisioningState/{state.lower()}", "level": "Info", "message": message}],
    }


def _run_extension(vm: Vm, properties: Json, secrets: Json) -> None:
    join = JOINS.get(properties["type"])
    settings = properties.get("settings") or {}
    if join == "ad":
        missing = [k for k in ("Name", "User") if not settings.get(k)]
        missing += [] if secrets.get("Password") else ["Password"]
        if missing:
            message = f"The domain join failed: {', '.join(missing)} not given."
            raise ArmError(409, "VMExtensionProvisioningError", message)
        vm.guest.joined, vm.guest.domain = "ad", str(settings["Name"])
    elif join == "entra":
        if "SystemAssigned" not in (vm.extra.get("identity") or {}).get("type", ""):
            message = "AADLoginForWindows needs a system-assigned identity on the VM."
            raise ArmError(409, "VMExtensionProvisioningError", message)
        vm.guest.joined = "entra"


@arm("PUT", f"{KIND}/*/runCommands/*", "put_run_command")
@arm("PATCH", f"{KIND}/*/runCommands/*", "put_run_command")
def put_run_command(sim: "Sim", call: Call) -> Answer:
    vm = find_vm(sim, call)
    _ready(vm)
    required(call.body, "properties", "source")
    body = _keep(call, vm, "runCommands")
    store = _store(sim, vm, "runCommands")
    status = 200 if call.names[1].lower() in store else 201
    store[call.names[1].lower()] = body
    properties = call.body["properties"]
    token = _token(properties.get("protectedParameters"))
    if _token(properties.get("parameters")):
        guests.violation(sim, "secret_exposed", vm.name, "RegistrationToken in plain run command parameters")
    sysprep = "sysprep" in str((properties.get("source") or {}).get("script") or "").lower()
    if sysprep:
        guests.check_copy(sim, vm, "sysprep")
    body["_view"] = {"executionState": "Running", "startTime": utc_now()}
    lasts = "sysprep" if sysprep else "run_command"
    guest, strict = vm.guest, bool(properties.get("treatFailureAsDeploymentFailure"))

    def finish() -> None:
        error = _run_script(sim, vm, guest, token)
        guest.sealed = guest.sealed or (sysprep and not error)
        _close(body, error)
        if error and strict:
            raise ArmError(409, "VMRunCommandFailed", error)
        body["properties"]["provisioningState"] = "Succeeded"

    def fail() -> None:
        body["properties"]["provisioningState"] = "Failed"
        _close(body, body["_view"].get("error") or "The command failed.")

    if properties.get("asyncExecution"):  # the deployment ends as the script starts
        body["properties"]["provisioningState"] = "Succeeded"
        strict = False
        begin(sim, call, lasts, finish, fail)
        return Answer(status, public(body))
    op = begin(sim, call, lasts, finish, fail)
    vm.minor.append(op)
    return accepted(sim, call, op, status, public(body))


def _token(parameters: list[Json] | None) -> str:
    for parameter in parameters or []:
        if str(parameter.get("name", "")).lower() == TOKEN:
            return str(parameter.get("value") or "")
    return ""


def _run_script(sim: "Sim", vm: Vm, guest: Guest, token: str) -> str:
    """What the script did, as its error text: empty when all went well."""
    if vm.guest is not guest:
        return "The machine was replaced while the script ran."
    if token:
        try:
            guests.register(sim, vm, token)
        except ArmError as error:
            return error.message
    return ""


def _close(body: Json, error: str) -> None:
    body["_view"] = {
        **body["_view"],
        "executionState": "Failed" if error else "Succeeded",
        "exitCode": 1 if error else 0,
        "output": "" if error else "done",
        "error": error,
        "endTime": utc_now(),
    }
