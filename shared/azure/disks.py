"""Calls about managed disks (API 2026-03-02)."""

from __future__ import annotations

from typing import Any

from azure.mgmt.compute import models

from shared.azure import operations, parse, rest, vm_bodies
from shared.azure.compute_base import ComputeCalls
from shared.core import arm_ids
from shared.core.errors import AzureNotFound
from shared.models.azure import Disk, Operation, OperationKind


class DiskCalls(ComputeCalls):
    """OS disks: read, swap, delete."""

    def find(self, disk_id: str) -> Disk | None:
        """One disk: one read. None when it does not exist."""
        body = self._read(disk_id)
        return None if body is None else parse.disk(body)

    def version(self, disk_id: str) -> str | None:
        """The gallery image version a disk was created from, by its `creationData`. None also when it is gone."""
        body = self._read(disk_id)
        return None if body is None else parse.disk_source(body)

    def start_swap(self, vm_id: str, disk_id: str, *, create_option: str = "FromImage") -> Operation:
        """PATCH the OS disk's name and id (azure-facts 1.2, 1.8 A2). Azure refuses it unless the VM is deallocated.

        The VM's former disk stays, detached, whatever its deleteOption is: that only counts when the VM is deleted.
        Raises AzureNotFound, AzureConflict.
        """
        at = arm_ids.parse(vm_id)
        body = models.VirtualMachineUpdate(vm_bodies.swap(disk_id, create_option))
        return operations.start(
            OperationKind.SWAP, vm_id, lambda p: self._vms(at).begin_update(at.group, at.name, body, polling=p)
        )

    def start_removal(self, disk_id: str) -> Operation:
        """DELETE. If the disk is gone already, the operation is finished. Raises AzureConflict when a VM has it."""
        at = arm_ids.parse(disk_id)
        disks = self._client(at).disks
        return operations.removed(
            OperationKind.REMOVE, disk_id, lambda p: disks.begin_delete(at.group, at.name, polling=p)
        )

    def _read(self, disk_id: str) -> dict[str, Any] | None:
        try:
            at = arm_ids.parse(disk_id)
            return rest.read(self._clients, f"read the disk {at.name}", rest.DISKS, at)
        except AzureNotFound:
            return None
