"""Device records in Microsoft Entra ID and Intune, free of SDK types."""

from __future__ import annotations

from enum import StrEnum

from shared.models.base import Value

JOINED = "AzureAd"
"""Microsoft Graph's `trustType` of a device that joined Entra ID itself: neither hybrid nor only registered."""


class DirectoryCleanup(StrEnum):
    """Which records of a rebuilt host are deleted before it joins again."""

    ENTRA = "entra"
    ENTRA_INTUNE = "entra_intune"
    NONE = "none"


class Device(Value):
    """A device in Entra ID. `id` is the object's, `device_id` the one that the device itself knows.

    `vm_id` is the ARM id of its VM, in lower case, from `physicalIds`; empty when they name none (azure-facts 11).
    """

    id: str
    device_id: str
    name: str
    trust: str
    vm_id: str = ""


class ManagedDevice(Value):
    """A device in Intune. `device_id` is its `device_id` in Entra ID."""

    id: str
    name: str
    device_id: str


class JoinFacts(Value):
    """How a VM says that it is joined, and the last lines of its log of domain joins."""

    entra_joined: bool = False
    device_id: str = ""
    """Its device in Entra ID, in lower case; empty when it has none."""
    device_valid: bool = False
    """Whether Entra ID accepts this device: it was neither deleted nor disabled."""
    domain: str = ""
    domain_trusted: bool = False
    """Whether the domain accepts the computer's password."""
    log: tuple[str, ...] = ()
