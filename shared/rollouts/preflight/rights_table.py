"""The rights a rollout needs, in one table: where, which, what for, and when. Pure.

docs/permissions.md shows the same rows (tested). The actions are Azure's published ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shared.models.azure import Permissions

AVD, COMPUTE = "Microsoft.DesktopVirtualization", "Microsoft.Compute"


class Where(StrEnum):
    """What a right is needed on. A VM's group stands for what lies in it: VM, extensions, commands and disks."""

    HOST_POOL = "host pool"
    MACHINES = "VMs' resource group"
    IMAGE = "image definition"


class When(StrEnum):
    """For which rollouts. Under `auto`, a pool that was never re-imaged counts as both."""

    ALWAYS = "always"
    WARNING = "with `warn_minutes`"
    REIMAGING = "when hosts are re-imaged"
    REPLACING = "when hosts are replaced"
    KEEPING = "with `keep_old_disk_days`"
    PROBING = "with a `probe`"


@dataclass(frozen=True)
class Right:
    """One right. `missing`: what it means for a rollout when the identity does not have it at that place."""

    where: Where
    action: str
    what_for: str
    when: When = When.ALWAYS
    missing: Literal["fail", "warn"] = "fail"


RIGHTS = (
    Right(Where.HOST_POOL, f"{AVD}/hostPools/read", "read the pool"),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/sessionHosts/read", "read its hosts"),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/sessionHosts/userSessions/read", "read their sessions"),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/sessionHosts/write", "drain and undrain"),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/sessionHosts/userSessions/sendMessage/action", "warn users", When.WARNING),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/sessionHosts/userSessions/delete", "sign users out"),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/sessionHosts/delete", "remove a host before it is rebuilt"),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/retrieveRegistrationToken/action", "register a host"),
    Right(Where.HOST_POOL, f"{AVD}/hostPools/write", "create a registration token"),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/read", "read VMs"),
    Right(Where.MACHINES, f"{COMPUTE}/disks/read", "see which version a VM is on"),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/write", "set tags and delete options, create VMs, swap disks"),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/start/action", "switch hosts on"),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/deallocate/action", "switch hosts off"),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/extensions/write", "join"),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/runCommands/write", "register a host, probe it"),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/runCommands/read", "read a probe's exit code", When.PROBING),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/reimage/action", "re-image", When.REIMAGING),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/delete", "replace VMs", When.REPLACING),
    Right(Where.MACHINES, f"{COMPUTE}/disks/write", "replace VMs", When.REPLACING),
    Right(
        Where.MACHINES,
        "Microsoft.Network/networkInterfaces/join/action",
        "create VMs on their network cards",
        When.REPLACING,
        "warn",
    ),
    Right(Where.MACHINES, f"{COMPUTE}/disks/delete", "delete kept disks after their retention", When.KEEPING, "warn"),
    Right(Where.IMAGE, f"{COMPUTE}/galleries/images/versions/read", "read the version, create VMs from it"),
)
"""`warn`: the cards may lie in another group, and a disk that is left over stops no rollout."""


def has(permissions: Permissions, action: str) -> bool:
    """Whether a role grants the action: its actions have it, its notActions do not. Another role's do not count."""
    return any(_any(actions, action) and not _any(excluded, action) for actions, excluded in permissions.granted)


def _any(patterns: tuple[str, ...], action: str) -> bool:
    """Whether one of the patterns is this action; `*` stands for anything, and case does not matter."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) for pattern in patterns
    )
