"""Whether a host must join, whose its device in Entra ID is, and why a domain join failed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.models.directory import JOINED, Device, DirectoryCleanup, JoinFacts
from shared.models.pools import DomainJoin, EntraJoin, Pool
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


def may_be_joined(row: RolloutHost) -> bool:
    """Whether the VM's disk may hold a join: it was not made new in this attempt."""
    return not row.rebuild.rebuilt


def trust_holds(facts: JoinFacts, join: DomainJoin | EntraJoin) -> bool:
    """Whether the VM is joined as the pool wants it, and the directory still knows it: then it must not join again."""
    if isinstance(join, EntraJoin):
        return facts.entra_joined and facts.device_valid
    return facts.domain.lower() == join.domain.lower() and facts.domain_trusted


_REUSE = "another account created the computer object, so the domain refused to reuse it (KB5020276)"
_CAUSES = {
    "0xaac": f"{_REUSE}; delete the object, or allow the joining user in the policy for re-use",
    "0x52e": "the domain refused the user or the password",
    "0x54b": "the domain could not be found; check the subnet's DNS servers",
    "0x232b": "the domain's name could not be resolved; check the subnet's DNS servers",
    "0x21c5": "the joining user has created as many computers as the domain allows",
    "0x5": "the joining user may not write the computer object",
}
"""The errors of a join in netsetup.log and what they mean. 0xaac is 2732, NERR_AccountReuseBlockedByPolicy."""


def join_failure(error: str, facts: JoinFacts | None) -> str:
    """Why a domain join failed: the cause that the last lines of netsetup.log name, else the error alone."""
    lines = facts.log if facts else ()
    words = [word.strip(":,.()[]").lower() for line in reversed(lines) for word in line.split()]
    for word in words:
        if cause := _CAUSES.get(word) or (_CAUSES["0xaac"] if word == "2732" else None):
            return f"{cause}. {error}"
    return f"{error}; netsetup.log ends: {' | '.join(lines[-3:])}" if lines else error
