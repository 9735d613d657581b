"""The `VirtualMachines` port over azure-mgmt-compute 39.0.0 (API 2026-04-01).

`vm_bodies` makes request bodies, `parse` reads answers; `disks` and `run_commands` hold the calls that are about disks
and about programs run inside a VM.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from azure.mgmt.compute import models
from pydantic import SecretStr

from shared.azure import operations, parse, rest, vm_bodies
from shared.azure.clients import ArmClients
from shared.azure.compute_base import ComputeCalls
from shared.azure.disks import DiskCalls
from shared.azure.errors import azure_call
from shared.azure.operations import SinglePoll
from shared.azure.run_commands import COMMANDS, CommandCalls
from shared.core import arm_ids
from shared.core.errors import AzureForbidden, AzureNotFound
from shared.core.names import OUT_TAG
from shared.core.settings import Settings
from shared.models.azure import DeleteOption, Disk, Operation, OperationKind, VirtualMachine, VirtualMachineBody
from shared.models.directory import JoinFacts
from shared.models.pools import DomainJoin, EntraJoin

FEW = 3
"""Up to this many VMs of a group are read one by one; more are picked from lists."""


class AzureVirtualMachines(ComputeCalls):
    """Virtual machines and disks. Raises AzureBusy and AzureRefused besides what the port names."""

    def __init__(self, clients: ArmClients, settings: Settings) -> None:
        super().__init__(clients)
        self._disks = DiskCalls(clients)
        self._commands = CommandCalls(clients, settings)

    def find(self, vm_id: str) -> VirtualMachine | None:
        """One VM with its power state: one read. None when it does not exist."""
        try:
            return parse.virtual_machine(self._get(vm_id, **{"$expand": "instanceView"}))
        except AzureNotFound:
            return None

    def find_many(self, vm_ids: Iterable[str]) -> dict[str, VirtualMachine]:
        """The existing VMs by lower-case id: a list of the group and one of power states, or a few single reads."""
        found: dict[str, VirtualMachine] = {}
        statuses: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for (subscription, group), wanted in _by_group(vm_ids).items():
            if len(wanted) <= FEW:
                read = (self.find(vm_id) for vm_id in wanted)
                found |= {one.id.lower(): one for one in read if one is not None}
                continue
            if subscription not in statuses:
                statuses[subscription] = self._statuses(subscription)
            found |= self._listed(subscription, group, wanted, statuses[subscription])
        return found

    def find_marked(self, near: Iterable[str]) -> list[VirtualMachine]:
        """One list per resource group. The power state stays `unknown`, which saves the list of power states."""
        found: list[VirtualMachine] = []
        for subscription, group in sorted(_by_group(near)):
            answers = rest.all_of(self._clients, f"list the VMs of {group}", rest.VIRTUAL_MACHINES, subscription, group)
            found += [parse.virtual_machine(vm) for vm in answers if OUT_TAG in (vm.get("tags") or {})]
        return found

    def subnets_of(self, vm_ids: Iterable[str]) -> dict[str, str]:
        """One list of network cards per resource group of the VMs."""
        wanted, found = {vm_id.lower() for vm_id in vm_ids}, dict[str, str]()
        for subscription, group in sorted(_by_group(wanted)):
            call = f"list the network cards of {group}"
            for card in rest.all_of(self._clients, call, rest.NETWORK_CARDS, subscription, group):
                owner, subnet, primary = parse.network_card(card)
                if owner in wanted and subnet and (primary or owner not in found):
                    found[owner] = subnet
        return found

    def update(
        self,
        vm_id: str,
        *,
        tags: dict[str, str] | None = None,
        os_disk_delete_option: DeleteOption | None = None,
        os_disk_create_option: str = "FromImage",
        nic_delete_option: DeleteOption | None = None,
    ) -> None:
        """One PATCH. When NICs change, one read before it, since their ids must be sent. Raises AzureNotFound."""
        at = arm_ids.parse(vm_id)
        nics = None if nic_delete_option is None else vm_bodies.nic_references(self._get(vm_id), nic_delete_option)
        body = vm_bodies.patch(tags, os_disk_delete_option, nics, os_disk_create_option)
        if not body:
            return
        with azure_call(f"change the VM {at.name}"):
            self._vms(at).begin_update(at.group, at.name, models.VirtualMachineUpdate(body), polling=SinglePoll())

    def recreation_body(self, vm_id: str) -> VirtualMachineBody:
        """The body to recreate the VM. It holds no secret, since Azure returns none. Raises AzureNotFound."""
        found = self._get(vm_id, **{"$expand": "instanceView"})
        body, extensions = vm_bodies.recreation(found), vm_bodies.extensions_to_restore(found)
        return VirtualMachineBody(location=body["location"], body=body, extensions=tuple(extensions))

    def start_reimage(self, vm_id: str, *, version: str, admin_password: SecretStr) -> Operation:
        """POST reimage with `exactVersion`. The old OS disk stays when its deleteOption is Detach (azure-facts 1.2)."""
        at = arm_ids.parse(vm_id)
        body = models.VirtualMachineReimageParameters(vm_bodies.reimage(version, admin_password.get_secret_value()))
        return operations.start(
            OperationKind.REIMAGE,
            vm_id,
            lambda p: self._vms(at).begin_reimage(at.group, at.name, body, polling=p),
            admin_password,
        )

    def start_delete(self, vm_id: str) -> Operation:
        """DELETE with forceDeletion. If the VM is gone already, the operation is finished."""
        at = arm_ids.parse(vm_id)
        return operations.removed(
            OperationKind.DELETE,
            vm_id,
            lambda p: self._vms(at).begin_delete(at.group, at.name, force_deletion=True, polling=p),
        )

    def start_create(
        self, vm_id: str, body: VirtualMachineBody, *, image_version_id: str, admin_password: SecretStr
    ) -> Operation:
        """PUT the VM with the exact image version. Failed allocations usually appear in `resume`."""
        at = arm_ids.parse(vm_id)
        whole = models.VirtualMachine(vm_bodies.create(body.body, image_version_id, admin_password.get_secret_value()))
        return operations.start(
            OperationKind.CREATE,
            vm_id,
            lambda p: self._vms(at).begin_create_or_update(at.group, at.name, whole, polling=p),
            admin_password,
        )

    def start_power_on(self, vm_id: str) -> Operation:
        """POST start."""
        at = arm_ids.parse(vm_id)
        return operations.start(
            OperationKind.POWER_ON, vm_id, lambda p: self._vms(at).begin_start(at.group, at.name, polling=p)
        )

    def start_deallocate(self, vm_id: str) -> Operation:
        """POST deallocate."""
        at = arm_ids.parse(vm_id)
        return operations.start(
            OperationKind.DEALLOCATE, vm_id, lambda p: self._vms(at).begin_deallocate(at.group, at.name, polling=p)
        )

    def start_join(
        self, vm_id: str, location: str, join: DomainJoin | EntraJoin, password: SecretStr | None, change_tag: str
    ) -> Operation:
        """See `CommandCalls`."""
        return self._commands.start_join(vm_id, location, join, password, change_tag)

    def start_extension(self, vm_id: str, location: str, extension: dict[str, Any]) -> Operation:
        """See `CommandCalls`."""
        return self._commands.start_extension(vm_id, location, extension)

    def start_register(self, vm_id: str, location: str, token: SecretStr, attempt: str = "") -> Operation:
        """See `CommandCalls`."""
        return self._commands.start_register(vm_id, location, token, attempt)

    def start_probe(self, vm_id: str, location: str, script: str, timeout_minutes: int, change_tag: str) -> Operation:
        """See `CommandCalls`."""
        return self._commands.start_probe(vm_id, location, script, timeout_minutes, change_tag)

    def start_inspection(self, vm_id: str, location: str, change_tag: str) -> Operation:
        """See `CommandCalls`."""
        return self._commands.start_inspection(vm_id, location, change_tag)

    def join_facts(self, vm_id: str) -> JoinFacts:
        """See `CommandCalls`."""
        return self._commands.join_facts(vm_id)

    def resume(self, operation: Operation) -> Operation:
        """Ask once how an operation on a VM or a disk is doing: one read; a probe that has ended costs one more.

        Raises OperationFailed, or AzureNotFound when ARM has forgotten the operation.
        """
        if operation.kind in COMMANDS and not operation.done:
            return self._commands.resume_script(operation)
        return operations.resume(self._clients, operation)

    def disk(self, disk_id: str) -> Disk | None:
        """See `DiskCalls`."""
        return self._disks.find(disk_id)

    def disk_version(self, disk_id: str) -> str | None:
        """See `DiskCalls`."""
        return self._disks.version(disk_id)

    def start_swap(self, vm_id: str, disk_id: str, *, create_option: str = "FromImage") -> Operation:
        """See `DiskCalls`."""
        return self._disks.start_swap(vm_id, disk_id, create_option=create_option)

    def start_disk_removal(self, disk_id: str) -> Operation:
        """See `DiskCalls`."""
        return self._disks.start_removal(disk_id)

    def _listed(
        self, subscription: str, group: str, wanted: set[str], statuses: dict[str, list[dict[str, Any]]]
    ) -> dict[str, VirtualMachine]:
        call = f"list the VMs of {group}"
        answers = rest.all_of(self._clients, call, rest.VIRTUAL_MACHINES, subscription, group)
        bodies_by_id = {vm["id"].lower(): vm for vm in answers}
        return {
            key: parse.virtual_machine(vm, statuses.get(key, [])) for key, vm in bodies_by_id.items() if key in wanted
        }

    def _statuses(self, subscription: str) -> dict[str, list[dict[str, Any]]]:
        """Instance view statuses of the subscription's VMs by lower-case VM id.

        The list of a group takes `$expand=instanceView` only with a scale set `$filter` (SDK docstring), so this reads
        the subscription with `statusOnly=true`. Without the right to do so, the power state stays `unknown`.
        """
        try:
            call, only = "list the power states", {"statusOnly": "true"}
            answers = rest.all_of(self._clients, call, rest.VIRTUAL_MACHINES, subscription, None, **only)
            return {vm["id"].lower(): parse.statuses_of(vm) for vm in answers}
        except AzureForbidden:
            return {}


def _by_group(vm_ids: Iterable[str]) -> dict[tuple[str, str], set[str]]:
    """Lower-case ids by subscription and group. Texts that are no ids (a host without a VM) are left out."""
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for vm_id in vm_ids:
        with suppress(AzureNotFound):
            at = arm_ids.parse(vm_id)
            groups[at.subscription.lower(), at.group.lower()].add(vm_id.lower())
    return groups
