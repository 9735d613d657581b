"""Shared by the classes that call Microsoft.Compute: the clients, and how a VM is read."""

from __future__ import annotations

from typing import Any

from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute.operations import VirtualMachinesOperations

from shared.azure import rest
from shared.azure.clients import ArmClients
from shared.core import arm_ids


class ComputeCalls:
    """Calls to Microsoft.Compute, in the subscription that each id names."""

    def __init__(self, clients: ArmClients) -> None:
        self._clients = clients

    def _client(self, at: arm_ids.ArmId) -> ComputeManagementClient:
        return self._clients.compute(at.subscription, at.group)

    def _vms(self, at: arm_ids.ArmId) -> VirtualMachinesOperations:
        return self._client(at).virtual_machines

    def _get(self, vm_id: str, **query: str) -> dict[str, Any]:
        at = arm_ids.parse(vm_id)
        return rest.read(self._clients, f"read the VM {at.name}", rest.VIRTUAL_MACHINES, at, **query)
