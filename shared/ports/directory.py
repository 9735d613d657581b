"""Microsoft Entra ID and Intune, as the use cases need them. `shared.azure.graph` implements it.

Every method blocks and may raise AzureBusy and AzureRefused. Methods do not retry: the durable timer does the waiting.
"""

from __future__ import annotations

from typing import Protocol

from shared.models.directory import Device, ManagedDevice


class Directory(Protocol):
    """Device records by name. Entra ID and Intune both allow several of one name."""

    def devices(self, name: str) -> list[Device]:
        """The devices in Entra ID with exactly this name, whatever its case."""

    def remove_device(self, object_id: str) -> None:
        """Delete a device from Entra ID. It may still be listed for a while. Does nothing when it is gone."""

    def managed_devices(self, name: str) -> list[ManagedDevice]:
        """The devices in Intune with exactly this name."""

    def remove_managed_device(self, managed_id: str) -> None:
        """Delete a device from Intune. Does nothing when it is gone."""

    def missing_rights(self, *, intune: bool) -> list[str]:
        """The Graph application rights that the app's identity lacks to find and delete devices."""
