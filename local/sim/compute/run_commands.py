"""Managed run commands: scripts that register a host, prepare a copy, or are somebody's own (a probe)."""

import hashlib
import json
from dataclasses import dataclass

from local.sim.avd import guests
from local.sim.compute.extensions import keep, ready, store_of
from local.sim.compute.references import public
from local.sim.compute.virtual_machines import find_vm
from local.sim.compute.vm_bodies import KIND
from local.sim.core.clock import utc_now
from local.sim.core.operations import accepted, begin
from local.sim.core.routes import arm
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, required
from local.sim.core.world import Guest, Vm

TOKEN, ATTEMPT = "registrationtoken", "attempt"  # the names of parameters
LONGEST = 90 * 60.0
"""Seconds a script may run when its command does not say."""


@dataclass(frozen=True)
class Script:
    """What a command asks for."""

    token: str
    attempt: str
    sysprep: bool
    seconds: float

    @property
    def own(self) -> bool:
        """Somebody's own script: what it does nobody here knows, so the faults say how it ends."""
        return not self.token and not self.sysprep


@dataclass(frozen=True)
class End:
    """How a script ended, as its instance view tells it."""

    state: str = "Succeeded"
    code: int = 0
    output: str = "done"
    error: str = ""


@arm("PUT", f"{KIND}/*/runCommands/*", "put_run_command")
@arm("PATCH", f"{KIND}/*/runCommands/*", "put_run_command")
def put_run_command(sim: Sim, call: Call) -> Answer:
    vm = find_vm(sim, call)
    ready(vm)
    required(call.body, "properties", "source")
    store, properties = store_of(sim, vm, "runCommands"), call.body["properties"]
    existing = store.get(call.names[1].lower())
    status = 200 if existing else 201
    body = {**keep(call, vm, "runCommands"), "_asked": _digest(properties)}
    if existing and existing["_asked"] == body["_asked"] and existing["properties"]["provisioningState"] == "Succeeded":
        return Answer(status, public(existing))  # what has not changed is not run again
    store[call.names[1].lower()] = body
    script = _script(sim, vm, properties)
    body["_view"] = {"executionState": "Running", "startTime": utc_now()}
    waits = not properties.get("asyncExecution")
    strict = waits and bool(properties.get("treatFailureAsDeploymentFailure"))
    lasts = _lasts(sim, vm, script)
    guest, timed_out = vm.guest, lasts > script.seconds

    def finish() -> None:
        end = End("TimedOut", -1, "") if timed_out else _run(sim, vm, guest, script)
        guest.sealed = guest.sealed or (script.sysprep and end.code == 0)
        _close(body, end)
        if end.code and strict:
            raise ArmError(409, "VMRunCommandFailed", end.error or f"The script ended with exit code {end.code}.")
        body["properties"]["provisioningState"] = "Succeeded"

    def fail() -> None:
        body["properties"]["provisioningState"] = "Failed"
        if "endTime" not in body["_view"]:
            _close(body, End("Failed", 1, "", "The command failed."))

    op = begin(sim, call, "run_command", finish, fail, lasts=min(lasts, script.seconds))
    if not waits:  # the deployment ends as the script starts
        body["properties"]["provisioningState"] = "Succeeded"
        return Answer(status, public(body))
    vm.minor.append(op)
    return accepted(sim, call, op, status, public(body))


def _digest(properties: Json) -> str:
    """Tells whether anything has changed, without keeping a secret."""
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()


def _script(sim: Sim, vm: Vm, properties: Json) -> Script:
    sysprep = "sysprep" in str((properties.get("source") or {}).get("script") or "").lower()
    if sysprep:
        guests.check_copy(sim, vm, "sysprep")
    if _parameter(properties.get("parameters"), TOKEN):
        guests.violation(sim, "secret_exposed", vm.name, "RegistrationToken in plain run command parameters")
    return Script(
        token=_parameter(properties.get("protectedParameters"), TOKEN),
        attempt=_parameter(properties.get("parameters"), ATTEMPT),
        sysprep=sysprep,
        seconds=float(properties.get("timeoutInSeconds") or LONGEST),
    )


def _parameter(parameters: list[Json] | None, wanted: str) -> str:
    for parameter in parameters or []:
        if str(parameter.get("name", "")).lower() == wanted:
            return str(parameter.get("value") or "")
    return ""


def _lasts(sim: Sim, vm: Vm, script: Script) -> float:
    """Virtual seconds the script would run if it were let."""
    slow = sim.faults.take("probe_slow", *_about(sim, vm)) if script.own else None
    if slow is not None:
        return slow.seconds
    return sim.durations.pick("sysprep" if script.sysprep else "run_command")


def _about(sim: Sim, vm: Vm) -> tuple[str, ...]:
    """What a fault of a probe may be meant for: the host, or the version it is on."""
    return vm.name, sim.world.version_on(vm)


def _run(sim: Sim, vm: Vm, guest: Guest, script: Script) -> End:
    if vm.guest is not guest:
        return End("Failed", 1, "", "The machine was replaced while the script ran.")
    if script.own:
        fault = sim.faults.take("probe_fails", *_about(sim, vm))
        return End("Failed", fault.exit_code, fault.message) if fault else End()
    if not script.token or (guest.pool and script.attempt in {"", guest.attempt}):
        return End()  # as our own script has it: a registration of this attempt, or of nobody knows which, stands
    try:
        guests.register(sim, vm, script.token)
    except ArmError as error:
        return End("Failed", 1, "", error.message)
    guest.attempt = script.attempt
    return End()


def _close(body: Json, end: End) -> None:
    body["_view"] = {
        **body["_view"],
        "executionState": end.state,
        "exitCode": end.code,
        "output": end.output,
        "error": end.error,
        "endTime": utc_now(),
    }
