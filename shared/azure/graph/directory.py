"""The `Directory` port over Microsoft Graph v1.0."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from shared.azure.graph.client import GraphClient
from shared.core.errors import AzureForbidden, AzureNotFound
from shared.models.directory import Device, ManagedDevice

DEVICES, MANAGED = "devices", "deviceManagement/managedDevices"
DEVICE_RIGHT, MANAGED_RIGHT = "Device.ReadWrite.All", "DeviceManagementManagedDevices.ReadWrite.All"
"""The least privileged application rights that delete a device (Graph's pages "Delete device" and "Delete
managedDevice")."""

_OF_A_VM = "[azureresourceid]:"
"""The entry of `physicalIds` with the ARM id of an Azure VM, in lower case (azure-facts 11)."""


class GraphDirectory:
    """Devices by name. Raises AzureBusy and AzureRefused."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client

    def devices(self, name: str) -> list[Device]:
        """One read per page."""
        given = {
            "$filter": f"displayName eq {_quoted(name)}",
            "$select": "id,deviceId,displayName,trustType,physicalIds",
        }
        return [
            _device(found) for found in self._client.listed(f"find the device {name} in Entra ID", DEVICES, **given)
        ]

    def remove_device(self, object_id: str) -> None:
        """One call."""
        self._delete(f"delete the device {object_id} from Entra ID", f"{DEVICES}/{quote(object_id)}")

    def managed_devices(self, name: str) -> list[ManagedDevice]:
        """One read per page."""
        given = {"$filter": f"deviceName eq {_quoted(name)}", "$select": "id,deviceName,azureADDeviceId"}
        return [
            ManagedDevice(id=found["id"], name=found["deviceName"], device_id=_lower(found.get("azureADDeviceId")))
            for found in self._client.listed(f"find the device {name} in Intune", MANAGED, **given)
        ]

    def remove_managed_device(self, managed_id: str) -> None:
        """One call."""
        self._delete(f"delete the device {managed_id} from Intune", f"{MANAGED}/{quote(managed_id)}")

    def missing_rights(self, *, intune: bool) -> list[str]:
        """By the token's roles; where it shows none, by whether a read is refused."""
        needed = {DEVICE_RIGHT: DEVICES} | ({MANAGED_RIGHT: MANAGED} if intune else {})
        roles = self._client.roles()
        if roles is not None:
            return [right for right in needed if right not in roles]
        return [right for right, path in needed.items() if not self._may_read(path)]

    def _may_read(self, path: str) -> bool:
        try:
            next(self._client.listed("read a device", path, **{"$top": "1", "$select": "id"}), None)
        except AzureForbidden:
            return False
        return True

    def _delete(self, call: str, path: str) -> None:
        try:
            self._client.delete(call, path)
        except AzureNotFound:
            return


def _device(found: dict[str, Any]) -> Device:
    ids = (str(entry).lower() for entry in found.get("physicalIds") or ())
    return Device(
        id=found["id"],
        device_id=_lower(found.get("deviceId")),
        name=found["displayName"],
        trust=found.get("trustType") or "",
        vm_id=next((entry.removeprefix(_OF_A_VM) for entry in ids if entry.startswith(_OF_A_VM)), ""),
    )


def _lower(value: object) -> str:
    return str(value or "").lower()


def _quoted(text: str) -> str:
    """A text as OData writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
