"""Extensions and managed run commands of a VM: join, register, probe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.mgmt.compute import models
from pydantic import SecretStr

from shared.azure import operations, vm_bodies
from shared.azure.clients import ArmClients
from shared.azure.compute_base import ComputeCalls
from shared.azure.errors import azure_call
from shared.azure.script_results import ScriptEnd, join_facts, script_end
from shared.azure.scripts import inspection_script, registration_script
from shared.core import arm_ids, names
from shared.core.errors import AzureError, OperationFailed
from shared.core.settings import Settings
from shared.models.azure import Operation, OperationKind
from shared.models.directory import JoinFacts
from shared.models.pools import DomainJoin, EntraJoin

COMMANDS = {
    OperationKind.PROBE: names.PROBE_COMMAND,
    OperationKind.REGISTER: names.REGISTER_COMMAND,
    OperationKind.INSPECT: names.INSPECT_COMMAND,
}
"""The run command of each kind of operation whose script is asked how it ended."""


class CommandCalls(ComputeCalls):
    """Programs that run inside a VM."""

    def __init__(self, clients: ArmClients, settings: Settings) -> None:
        super().__init__(clients)
        self._settings = settings

    def start_join(
        self, vm_id: str, location: str, join: DomainJoin | EntraJoin, password: SecretStr | None, change_tag: str
    ) -> Operation:
        """PUT the join extension. Raises InvalidRequest when a domain join has no password."""
        at = arm_ids.parse(vm_id)
        secret = password.get_secret_value() if password else None
        body = models.VirtualMachineExtension(vm_bodies.join_extension(location, join, secret, change_tag))
        extensions = self._client(at).virtual_machine_extensions
        name = names.JOIN_EXTENSION_ENTRA if isinstance(join, EntraJoin) else names.JOIN_EXTENSION_DOMAIN
        return operations.start(
            OperationKind.JOIN,
            vm_id,
            lambda p: extensions.begin_create_or_update(at.group, at.name, name, body, polling=p),
            password,
        )

    def start_extension(self, vm_id: str, location: str, extension: dict[str, Any]) -> Operation:
        """PUT an extension that `recreation_body` recorded."""
        at = arm_ids.parse(vm_id)
        body = models.VirtualMachineExtension(vm_bodies.extension(location, extension))
        extensions, name = self._client(at).virtual_machine_extensions, extension["name"]
        return operations.start(
            OperationKind.EXTENSION,
            vm_id,
            lambda p: extensions.begin_create_or_update(at.group, at.name, name, body, polling=p),
        )

    def start_register(self, vm_id: str, location: str, token: SecretStr, attempt: str = "") -> Operation:
        """PUT the managed run command; the script gets AgentUrl, BootLoaderUrl, Attempt and, protected,
        RegistrationToken. Its failure is told in the script's words."""
        given = {"AgentUrl": self._settings.agent_url, "BootLoaderUrl": self._settings.boot_loader_url}
        given |= {"Attempt": attempt} if attempt else {}
        body = vm_bodies.register_command(location, registration_script(), given, token.get_secret_value())
        return self._in_its_words(
            OperationKind.REGISTER, vm_id, lambda: self._run(OperationKind.REGISTER, vm_id, body, token)
        )

    def start_probe(self, vm_id: str, location: str, script: str, timeout_minutes: int, change_tag: str) -> Operation:
        """PUT the managed run command with the probe's script; see `resume_script`.

        A repeated call with the same `change_tag` says how the script ended: Azure does not run an unchanged command
        again.
        """
        body = vm_bodies.probe_command(location, script, timeout_minutes, change_tag)
        return self._in_its_words(OperationKind.PROBE, vm_id, lambda: self._run(OperationKind.PROBE, vm_id, body))

    def start_inspection(self, vm_id: str, location: str, change_tag: str) -> Operation:
        """PUT the managed run command with the script that reports the join; see `join_facts`."""
        body = vm_bodies.inspect_command(location, inspection_script(), change_tag)
        return self._in_its_words(OperationKind.INSPECT, vm_id, lambda: self._run(OperationKind.INSPECT, vm_id, body))

    def join_facts(self, vm_id: str) -> JoinFacts:
        """What the last inspection printed."""
        return join_facts(self._command(OperationKind.INSPECT, vm_id))

    def resume_script(self, operation: Operation) -> Operation:
        """Poll a script of COMMANDS once. Raises OperationFailed, or AzureNotFound when ARM has forgotten it.

        When it has failed, its run command is read too, and the script's output goes into the failure. So it is when a
        probe has ended: an exit code other than 0 is a failure, whatever the operation says.
        """
        return self._in_its_words(operation.kind, operation.target, lambda: operations.resume(self._clients, operation))

    def _run(self, kind: OperationKind, vm_id: str, body: vm_bodies.Json, *secrets: SecretStr) -> Operation:
        at = arm_ids.parse(vm_id)
        commands = self._client(at).virtual_machine_run_commands
        whole = models.VirtualMachineRunCommand(body)
        return operations.start(
            kind,
            vm_id,
            lambda p: commands.begin_create_or_update(at.group, at.name, COMMANDS[kind], whole, polling=p),
            *secrets,
        )

    def _in_its_words(self, kind: OperationKind, vm_id: str, ask: Callable[[], Operation]) -> Operation:
        try:
            operation = ask()
        except OperationFailed as failed:
            raise self._explained(kind, vm_id, failed) from None
        if kind == OperationKind.PROBE and operation.done and (end := self._script_end(kind, vm_id)).failed:
            raise OperationFailed(operations.words(kind, vm_id), None, "ScriptFailed", str(end))
        return operation

    def _explained(self, kind: OperationKind, vm_id: str, failed: OperationFailed) -> OperationFailed:
        """The failure in the script's words, if it was the script that failed and Azure lets it be read now."""
        try:
            end = self._script_end(kind, vm_id)
        except AzureError:
            return failed
        if not end.failed:
            return failed
        message = f"{end} (Azure: {failed.message})"
        return OperationFailed(failed.call, failed.http_status, failed.code, message)

    def _script_end(self, kind: OperationKind, vm_id: str) -> ScriptEnd:
        return script_end(self._command(kind, vm_id))

    def _command(self, kind: OperationKind, vm_id: str) -> vm_bodies.Json:
        """The run command with its instance view."""
        at = arm_ids.parse(vm_id)
        commands = self._client(at).virtual_machine_run_commands
        with azure_call(f"read the run command {COMMANDS[kind]} of {at.name}"):
            read = commands.get_by_virtual_machine(at.group, at.name, COMMANDS[kind], expand="instanceView")
        return dict(read.as_dict())
