"""The `ImageBuilder` port over azure-mgmt-compute 39.0.0 (API 2026-04-01; disks and snapshots 2026-03-02).

`image_bodies` makes request bodies, `parse` reads answers. Before a resource is created, `ownership` checks whether the
task has created it already.
"""

from __future__ import annotations

from typing import Any

from azure.core.rest import HttpRequest

from shared.azure import image_bodies, operations, ownership, parse
from shared.azure.clients import ArmClients
from shared.azure.errors import azure_call, refusal
from shared.azure.scripts import preparation_script
from shared.core import arm_ids, names
from shared.core.errors import AzureNotFound, AzureRefused
from shared.models.azure import Operation, OperationKind, Template

NETWORK_API = "2024-05-01"
"""API version of the only call to Microsoft.Network; azure-mgmt-network would be a large dependency for it."""

_VM = "microsoft.compute/virtualmachines"
_COLLECTIONS = {
    _VM: "virtual_machines",
    "microsoft.compute/disks": "disks",
    "microsoft.compute/snapshots": "snapshots",
    "microsoft.compute/images": "images",
}
"""The SDK's operations for each kind of resource that is created here."""


class AzureImageBuilder:
    """Clones of a template VM. Raises AzureBusy and AzureRefused besides what the port names."""

    def __init__(self, clients: ArmClients) -> None:
        self._clients = clients

    def template(self, vm_id: str) -> Template | None:
        """Two reads: the VM with its power state, and its primary network card for the subnet."""
        try:
            vm = self._read(vm_id, expand="instanceView")
        except AzureNotFound:
            return None
        nic_id = parse.primary_nic(vm)
        return parse.template(vm, self._network_card(nic_id) if nic_id else {})

    def owner(self, resource_id: str) -> str | None:
        """The task that created a snapshot, disk, VM or managed image. Empty without the tag; None when it is gone."""
        try:
            return parse.owner(self._read(resource_id))
        except AzureNotFound:
            return None

    def start_snapshot(self, snapshot_id: str, template: Template, task: str) -> Operation:
        """PUT an incremental snapshot. Raises InvalidRequest when the template VM's OS disk is not managed."""
        return self._make(OperationKind.SNAPSHOT, snapshot_id, image_bodies.snapshot(template, task), task)

    def start_disk(self, disk_id: str, snapshot_id: str, template: Template, task: str) -> Operation:
        """PUT a disk of the snapshot's generation and security type. Raises AzureNotFound without the snapshot."""
        body = image_bodies.disk(snapshot_id, self._read(snapshot_id), template, task)
        return self._make(OperationKind.DISK, disk_id, body, task)

    def start_clone(self, vm_id: str, disk_id: str, template: Template, subnet_id: str, task: str) -> Operation:
        """PUT a VM with the disk attached and its own NIC. Failed allocations usually appear in `resume`."""
        body = image_bodies.clone(disk_id, template, subnet_id, arm_ids.last(vm_id), task)
        return self._make(OperationKind.CLONE, vm_id, body, task)

    def start_prepare(self, vm_id: str, location: str, task: str) -> Operation:
        """PUT the managed run command that runs sysprep. Refused on a VM that this task did not create."""
        at, call = arm_ids.parse(vm_id), operations.words(OperationKind.PREPARE, vm_id)
        ownership.check_owner(self._read(vm_id), task, call)
        commands = self._clients.compute(at.subscription, at.group).virtual_machine_run_commands

        def read() -> dict[str, Any]:
            with azure_call(call):
                return dict(commands.get_by_virtual_machine(at.group, at.name, names.PREPARE_COMMAND).as_dict())

        if ownership.is_made(read, task, call):
            return operations.finished(OperationKind.PREPARE, vm_id)
        body: Any = image_bodies.prepare_command(location, preparation_script(), task)
        return operations.start(
            OperationKind.PREPARE,
            vm_id,
            lambda p: commands.begin_create_or_update(at.group, at.name, names.PREPARE_COMMAND, body, polling=p),
        )

    def generalize(self, vm_id: str) -> None:
        """POST generalize, which cannot be undone. Refused on a VM that no task created."""
        at, call = arm_ids.parse(vm_id), f"generalize {arm_ids.last(vm_id)}"
        if not parse.owner(self._read(vm_id)):
            raise AzureRefused(call, None, "NotOurs", f"{at.name} was not created by Freshcoat")
        with azure_call(call):
            self._clients.compute(at.subscription, at.group).virtual_machines.generalize(at.group, at.name)

    def start_image(self, image_id: str, vm_id: str, location: str, generation: str, task: str) -> Operation:
        """PUT a managed image. Not possible for Trusted Launch VMs: their definitions capture the VM itself."""
        return self._make(
            OperationKind.IMAGE, image_id, image_bodies.managed_image(vm_id, location, generation, task), task
        )

    def start_removal(self, resource_id: str) -> Operation:
        """DELETE, a VM with force. The caller must have checked the `owner` before."""
        at = arm_ids.parse(resource_id)
        kept, force = self._collection(at), {"force_deletion": True} if at.kind == _VM else {}
        return operations.removed(
            OperationKind.REMOVE, resource_id, lambda p: kept.begin_delete(at.group, at.name, polling=p, **force)
        )

    def resume(self, operation: Operation) -> Operation:
        """Ask once: one read. Raises OperationFailed, or AzureNotFound when ARM has forgotten the operation."""
        return operations.resume(self._clients, operation)

    def _make(self, kind: OperationKind, resource_id: str, body: dict[str, Any], task: str) -> Operation:
        at = arm_ids.parse(resource_id)
        if ownership.is_made(lambda: self._read(resource_id), task, operations.words(kind, resource_id)):
            return operations.finished(kind, resource_id)
        kept = self._collection(at)
        return operations.start(
            kind, resource_id, lambda p: kept.begin_create_or_update(at.group, at.name, body, polling=p)
        )

    def _read(self, resource_id: str, **options: str) -> dict[str, Any]:
        at = arm_ids.parse(resource_id)
        with azure_call(f"read {at.name}"):
            return dict(self._collection(at).get(at.group, at.name, **options).as_dict())

    def _network_card(self, nic_id: str) -> dict[str, Any]:
        """Read through the compute client's pipeline, which does not raise for error statuses."""
        at, call = arm_ids.parse(nic_id), f"read the network card {arm_ids.last(nic_id)}"
        with azure_call(call):
            request = HttpRequest("GET", nic_id, params={"api-version": NETWORK_API})
            answer = self._clients.compute(at.subscription, at.group).send_request(request)
            if answer.status_code != 200:
                raise refusal(call, answer)
            return dict(answer.json())

    def _collection(self, at: arm_ids.ArmId) -> Any:
        """The SDK's operations on resources of this kind. A kind that is not in the table is a bug."""
        return getattr(self._clients.compute(at.subscription, at.group), _COLLECTIONS[at.kind])
