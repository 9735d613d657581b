"""Managed run commands: scripts that register a host, run sysprep on a build VM, or are custom (probes)."""

import hashlib
import json
from dataclasses import dataclass

from local.sim.avd import guests
from local.sim.compute.extensions import check_accepts_software, store_of, stored_body
from local.sim.compute.references import public
from local.sim.compute.virtual_machines import find_vm
from local.sim.compute.vm_bodies import KIND
from local.sim.core.clock import utc_now
from local.sim.core.operations import accepted, begin
from local.sim.core.routes import arm
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, required
from local.sim.core.world import Guest, Vm

TOKEN, ATTEMPT = "registrationtoken", "attempt"  # parameter names
DEFAULT_TIMEOUT_SECONDS = 90 * 60.0
"""Time limit of a script when its command sets none."""


@dataclass(frozen=True)
class Script:
    """The parts of a command that the simulator understands."""

    token: str
    attempt: str
    sysprep: bool
    inspects: bool
    seconds: float

    @property
    def is_custom(self) -> bool:
        """Whether the script is a custom one, whose result is chosen by faults."""
        return not self.token and not self.sysprep and not self.inspects


@dataclass(frozen=True)
class ScriptResult:
    """The result of a script, as shown in its instance view."""

    state: str = "Succeeded"
    code: int = 0
    output: str = "done"
    error: str = ""


@arm("PUT", f"{KIND}/*/runCommands/*", "put_run_command")
@arm("PATCH", f"{KIND}/*/runCommands/*", "put_run_command")
def put_run_command(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    check_accepts_software(vm)
    required(call.body, "properties", "source")
    store, properties = store_of(sim, vm, "runCommands"), call.body["properties"]
    existing = store.get(call.names[1].lower())
    status = 200 if existing else 201
    body = {**stored_body(call, vm, "runCommands"), "_settings_digest": _digest(properties)}
    if existing and _is_unchanged(existing, body):
        return Answer(status, public(existing))  # Azure does not run an unchanged command again
    store[call.names[1].lower()] = body
    script = _script(sim, vm, properties)
    body["_view"] = {"executionState": "Running", "startTime": utc_now()}
    waits = not properties.get("asyncExecution")
    strict = waits and bool(properties.get("treatFailureAsDeploymentFailure"))
    lasts = _duration(sim, vm, script)
    guest, timed_out = vm.guest, lasts > script.seconds

    def finish() -> None:
        result = ScriptResult("TimedOut", -1, "") if timed_out else _run(sim, vm, guest, script)
        guest.sysprepped = guest.sysprepped or (script.sysprep and result.code == 0)
        _close(body, result)
        if result.code and strict:
            raise ArmError(409, "VMRunCommandFailed", result.error or f"The script ended with exit code {result.code}.")
        body["properties"]["provisioningState"] = "Succeeded"

    def fail() -> None:
        body["properties"]["provisioningState"] = "Failed"
        if "endTime" not in body["_view"]:
            _close(body, ScriptResult("Failed", 1, "", "The command failed."))

    op = begin(sim, call, "run_command", finish, fail, lasts=min(lasts, script.seconds))
    if not waits:  # with asyncExecution the deployment ends when the script starts
        body["properties"]["provisioningState"] = "Succeeded"
        return Answer(status, public(body))
    vm.minor.append(op)
    return accepted(sim, call, op, status, public(body))


def _is_unchanged(existing: Json, body: Json) -> bool:
    succeeded: bool = existing["properties"]["provisioningState"] == "Succeeded"
    return succeeded and existing["_settings_digest"] == body["_settings_digest"]


def _digest(properties: Json) -> str:
    """A digest of the properties, to detect changes without storing secrets."""
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()


def _script(sim: Sim, vm: Vm, properties: Json) -> Script:
    text = str((properties.get("source") or {}).get("script") or "").lower()
    sysprep = "sysprep" in text
    if sysprep:
        guests.check_is_copy(sim, vm, "sysprep")
    if _parameter(properties.get("parameters"), TOKEN):
        guests.violation(sim, "secret_exposed", vm.name, "RegistrationToken in plain run command parameters")
    return Script(
        token=_parameter(properties.get("protectedParameters"), TOKEN),
        attempt=_parameter(properties.get("parameters"), ATTEMPT),
        sysprep=sysprep,
        inspects="netsetup.log" in text,
        seconds=float(properties.get("timeoutInSeconds") or DEFAULT_TIMEOUT_SECONDS),
    )


def _parameter(parameters: list[Json] | None, wanted: str) -> str:
    for parameter in parameters or []:
        if str(parameter.get("name", "")).lower() == wanted:
            return str(parameter.get("value") or "")
    return ""


def _duration(sim: Sim, vm: Vm, script: Script) -> float:
    """How many virtual seconds the script would run without a time limit."""
    slow = sim.faults.take("probe_slow", *_fault_subjects(sim, vm)) if script.is_custom else None
    if slow is not None:
        return slow.seconds
    return sim.durations.pick("sysprep" if script.sysprep else "run_command")


def _fault_subjects(sim: Sim, vm: Vm) -> tuple[str, ...]:
    """The texts that a probe fault can match: the host's name and its image version."""
    return vm.name, sim.world.version_on(vm)


def _run(sim: Sim, vm: Vm, guest: Guest, script: Script) -> ScriptResult:
    if vm.guest is not guest:
        return ScriptResult("Failed", 1, "", "The VM was rebuilt while the script ran.")
    if script.inspects:
        return ScriptResult(output=guests.join_report(sim, vm))
    if script.is_custom:
        fault = sim.faults.take("probe_fails", *_fault_subjects(sim, vm))
        return ScriptResult("Failed", fault.exit_code, fault.message) if fault else ScriptResult()
    if not script.token or (guest.pool and script.attempt in {"", guest.attempt}):
        return ScriptResult()  # like Freshcoat's script: keep a registration made by this attempt
    try:
        guests.register(sim, vm, script.token)
    except ArmError as error:
        return ScriptResult("Failed", 1, "", error.message)
    guest.attempt = script.attempt
    return ScriptResult()


def _close(body: Json, result: ScriptResult) -> None:
    body["_view"] = {
        **body["_view"],
        "executionState": result.state,
        "exitCode": result.code,
        "output": result.output,
        "error": result.error,
        "endTime": utc_now(),
    }
