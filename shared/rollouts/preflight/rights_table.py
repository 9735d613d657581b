"""The rights that a rollout needs, in one table: scope, action, purpose and condition. Pure.

docs/permissions.md shows the same rows (tested), and `python -m tools.roles` makes custom roles of them. The actions
are those that Azure publishes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from shared.models.azure import Permissions

AVD, COMPUTE, NETWORK = "Microsoft.DesktopVirtualization", "Microsoft.Compute", "Microsoft.Network"


class Where(StrEnum):
    """The scope on which a right is needed. A VM's resource group covers the VM, its extensions, commands and disks."""

    HOST_POOL = "host pool"
    MACHINES = "VMs' resource group"
    IMAGE = "image definition"
    BUILDING = "template VM's resource group"
    SUBNET = "clone's subnet"
    SUBSCRIPTION = "subscription"


class When(StrEnum):
    """What needs a right, mostly which rollouts. Under `auto`, a pool that was never re-imaged needs the rights of both
    strategies."""

    ALWAYS = "always"
    WARNING = "with `warn_minutes`"
    REIMAGING = "when hosts are re-imaged"
    REPLACING = "when hosts are replaced"
    KEEPING = "with `keep_old_disk_days`"
    PROBING = "with a `probe`"
    BUILDING = "to set as image"
    OPTIONAL = "without it less is known or checked"


@dataclass(frozen=True)
class Right:
    """One right. `missing`: whether the preflight fails or warns when the identity does not have it on that scope."""

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
    Right(Where.SUBSCRIPTION, f"{COMPUTE}/locations/operations/read", "follow long operations"),
)
"""`warn`: network cards may be in another resource group, and an old disk that stays behind stops no rollout."""


_BUILD = (
    f"{COMPUTE}/virtualMachines/read", f"{COMPUTE}/virtualMachines/write", f"{COMPUTE}/virtualMachines/delete",
    f"{COMPUTE}/virtualMachines/start/action", f"{COMPUTE}/virtualMachines/deallocate/action",
    f"{COMPUTE}/virtualMachines/generalize/action", f"{COMPUTE}/virtualMachines/runCommands/read",
    f"{COMPUTE}/virtualMachines/runCommands/write",
    f"{COMPUTE}/snapshots/read", f"{COMPUTE}/snapshots/write", f"{COMPUTE}/snapshots/delete",
    f"{COMPUTE}/disks/read", f"{COMPUTE}/disks/write", f"{COMPUTE}/disks/delete",
    f"{COMPUTE}/disks/beginGetAccess/action",
    f"{COMPUTE}/images/read", f"{COMPUTE}/images/write", f"{COMPUTE}/images/delete",
    f"{NETWORK}/networkInterfaces/read", f"{NETWORK}/networkInterfaces/write",
    f"{NETWORK}/networkInterfaces/join/action",
)  # fmt: skip
OTHERS = (
    Right(Where.HOST_POOL, f"{AVD}/scalingPlans/read", "see whether autoscale ignores hosts in work", When.OPTIONAL),
    *(
        Right(where, f"Microsoft.Authorization/{kind}/read", f"check {kind} before a rollout", When.OPTIONAL)
        for where in (Where.HOST_POOL, Where.MACHINES)
        for kind in ("permissions", "locks")
    ),
    Right(Where.MACHINES, f"{COMPUTE}/virtualMachines/runCommands/read", "say how a join failed", When.OPTIONAL),
    Right(Where.MACHINES, f"{NETWORK}/networkInterfaces/read", "show the network that a pool keeps", When.OPTIONAL),
    Right(Where.IMAGE, "Microsoft.Authorization/permissions/read", "check permissions before a rollout", When.OPTIONAL),
    Right(Where.IMAGE, f"{COMPUTE}/galleries/images/read", "read the image definition"),
    Right(Where.IMAGE, f"{COMPUTE}/galleries/images/versions/write", "capture, stage and activate", When.BUILDING),
    Right(Where.IMAGE, f"{COMPUTE}/galleries/images/versions/delete", "delete old versions", When.BUILDING),
    *(Right(Where.BUILDING, action, "make a version from a clone", When.BUILDING) for action in _BUILD),
    Right(Where.SUBNET, f"{NETWORK}/virtualNetworks/subnets/join/action", "connect the clone", When.BUILDING),
    Right(
        Where.SUBSCRIPTION,
        "Microsoft.Authorization/permissions/read",
        "check permissions before a rollout",
        When.OPTIONAL,
    ),
    Right(Where.SUBSCRIPTION, f"{COMPUTE}/locations/usages/read", "check the core quota", When.OPTIONAL),
    Right(Where.SUBSCRIPTION, f"{COMPUTE}/virtualMachines/read", "list power states", When.OPTIONAL),
    Right(Where.SUBSCRIPTION, f"{AVD}/hostPools/read", "find where a lost host is", When.OPTIONAL),
    Right(Where.SUBSCRIPTION, f"{AVD}/hostPools/sessionHosts/read", "find where a lost host is", When.OPTIONAL),
)
"""What else is called; the preflight does not ask for it. Rights on identities of VMs are in `identities`."""


def actions_by_scope() -> dict[Where, tuple[str, ...]]:
    """Every action that Freshcoat calls, by where it is needed: the contents of the custom roles."""
    everything = (*RIGHTS, *OTHERS)
    return {where: tuple(sorted({right.action for right in everything if right.where is where})) for where in Where}


def has(permissions: Permissions, action: str) -> bool:
    """Whether a role grants the action: its actions contain it and its own notActions do not."""
    return any(
        _matches(actions, action) and not _matches(excluded, action) for actions, excluded in permissions.granted
    )


def _matches(patterns: tuple[str, ...], action: str) -> bool:
    """Whether a pattern matches the action; `*` stands for any text, and case is ignored."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) for pattern in patterns
    )
