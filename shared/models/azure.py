"""What Azure answers, in our words: the shapes behind the ports, free of SDK types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from shared.core.arm_ids import last
from shared.core.names import SWAPPED_TAG
from shared.models.base import UtcTime, Value

HEALTHY_STATUSES = frozenset({"Available", "NeedsAssistance", "Upgrading", "UpgradeFailed"})
"""Session host statuses that count as healthy after an update: a fresh agent upgrades itself, which may
take more than 30 minutes (azure-facts 1.6)."""


class HostPool(Value):
    """An AVD host pool. `kind` is `Pooled`, `Personal` or `BYODesktop`; `session_limit` is per host."""

    id: str
    kind: str
    location: str
    session_limit: int


class SessionHost(Value):
    """A session host as the broker sees it. `name` is what follows the last `/`; `vm_id` the VM's ARM id."""

    name: str
    vm_id: str
    accepting: bool
    sessions: int
    status: str

    @property
    def serving(self) -> bool:
        """Whether a new logon could land here now."""
        return self.accepting and self.status in HEALTHY_STATUSES


class UserSession(Value):
    """One session. Disconnected ones hold the user's work too and count as logged on."""

    id: str
    host: str
    user: str
    state: str


class VirtualMachine(Value):
    """A VM: what decides how it is updated, and what must be given back afterwards.

    `definition_id` and `version` come from `imageReference` (`exactVersion`, or the pinned id);
    either is None when the VM was not made from a gallery image. `provisioning` is ARM's
    provisioningState; `power` is the suffix of the `PowerState/` status (`running`, `deallocated`, …),
    `unknown` when the list read left it out.
    """

    id: str
    name: str
    location: str
    unique_id: str
    provisioning: str
    power: str
    tags: dict[str, str]
    definition_id: str | None
    version: str | None
    os_disk_id: str | None
    os_disk_delete_option: str | None
    ephemeral: bool

    @property
    def running(self) -> bool:
        """Whether the VM is switched on and up."""
        return self.power == "running"


def swapped_version(tags: Mapping[str, str], os_disk_id: str | None) -> str | None:
    """The version of the OS disk a VM got back, by its tag; None when it is not on that disk (any more)."""
    version, _, disk = tags.get(SWAPPED_TAG, "").partition(" ")
    on_it = bool(disk) and os_disk_id is not None and last(os_disk_id).lower() == disk.lower()
    return version if on_it else None


class Disk(Value):
    """A managed disk. `attached_to` is the ARM id of the VM it is on, None when it is on none; `version_id` the gallery
    image version it was made from, None when it does not say."""

    id: str
    name: str
    attached_to: str | None
    version_id: str | None


class Permissions(Value):
    """What the app's identity may do at a scope: actions with `*`, less the excluded ones, per role."""

    granted: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    """Pairs of actions and notActions."""


class Lock(Value):
    """A management lock. `level` is `CanNotDelete` or `ReadOnly`; `scope` the ARM id of what it was set on: it holds
    there and at everything below."""

    name: str
    level: str
    scope: str


class ScalingPlan(Value):
    """An AVD scaling plan of a host pool. Machines with the tag `exclusion_tag` are left alone by it."""

    name: str
    enabled: bool
    exclusion_tag: str


class CoreQuota(Value):
    """vCPUs of one subscription in one region: in use, and allowed."""

    used: int
    limit: int


class Template(Value):
    """A VM an image is built from: what a copy of it needs. `security` and the like are ARM JSON."""

    id: str
    name: str
    location: str
    power: str
    vm_size: str
    os_disk_id: str | None
    windows: bool
    ephemeral: bool
    subnet_id: str
    zones: tuple[str, ...] = ()
    license_type: str = ""
    security: dict[str, Any] = Field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether the VM holds its disk open: anything but switched off."""
        return self.power not in {"deallocated", "stopped"}


class Operation(Value):
    """A long ARM operation that was started: finished already, or to be resumed with `token`.

    `kind` names the call that resumes it; `retry_after` is ARM's Retry-After in seconds, None when it gave none;
    `begun_at` is when we started it, None when that is not known, `asked` whether it was asked after since.
    The token holds no secret (tested), so it may be kept in a row.
    """

    kind: str
    target: str
    token: str | None
    done: bool
    retry_after: float | None = None
    begun_at: UtcTime | None = None
    asked: bool = False


class VirtualMachineBody(Value):
    """The body to create a VM again under its name: ARM JSON without passwords or read-only fields."""

    location: str
    body: dict[str, Any]


def version_of(machine: VirtualMachine, definition_id: str) -> str | None:
    """The version of this image that a VM says it is on; None when it was made from something else."""
    same = machine.definition_id is not None and machine.definition_id.lower() == definition_id.lower()
    return machine.version if same else None
