"""Whose the device of a host in Entra ID is, before it is deleted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.models.directory import JOINED, Device, DirectoryCleanup, JoinFacts
from shared.models.pools import EntraJoin, Pool
from shared.models.rollouts import RolloutHost


@dataclass(frozen=True)
class NoDevice:
    """Entra ID has no device of this name."""


@dataclass(frozen=True)
class OwnDevice:
    """The device is this VM's."""

    device: Device


@dataclass(frozen=True)
class AskVm:
    """The only device of this name does not say which VM it is: the VM itself knows its device id."""

    device: Device


@dataclass(frozen=True)
class ForeignDevice:
    """A device that may be somebody else's has the host's name: it must not be deleted, and the join would fail."""

    reason: str


type DeviceMatch = NoDevice | OwnDevice | AskVm | ForeignDevice


def cleanup_of(pool: Pool) -> DirectoryCleanup:
    """What the pool asks for; by default the device of a host that joins Entra ID is deleted."""
    if not isinstance(pool.join, EntraJoin):
        return DirectoryCleanup.NONE
    return pool.directory_cleanup or DirectoryCleanup.ENTRA


def computer_name(row: RolloutHost) -> str:
    """The name of the host's computer, which is that of its device."""
    return row.host.partition(".")[0]


def match_device(found: Sequence[Device], vm_id: str, *, known: str = "") -> DeviceMatch:
    """Whose the devices of the host's name are. `known`: the object id of a device that was proved to be this VM's."""
    if not found:
        return NoDevice()
    device = found[0]
    if len(found) > 1:
        return ForeignDevice(f"Entra ID has {len(found)} devices called {device.name}; delete those of other computers")
    if device.id == known or device.vm_id == vm_id.lower():
        return OwnDevice(device)
    if device.vm_id or device.trust != JOINED:
        return foreign(device)
    return AskVm(device)


def foreign(device: Device) -> ForeignDevice:
    """For a device that is proved not to be this VM's."""
    return ForeignDevice(f"the device {device.name} in Entra ID belongs to another computer; rename or delete it")


def answer_of_vm(device: Device, facts: JoinFacts) -> OwnDevice | ForeignDevice:
    """Whose a device is, when the VM has said which device it is."""
    return OwnDevice(device) if facts.device_id and facts.device_id == device.device_id else foreign(device)
