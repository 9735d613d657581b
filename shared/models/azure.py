"""Azure's resources as our models, free of SDK types. The Azure ports return them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.core.arm_ids import last
from shared.core.names import EXCLUDE_TAG, SWAPPED_TAG
from shared.models.base import UtcTime, Value

HEALTHY_STATUSES = frozenset({"Available", "NeedsAssistance", "Upgrading", "UpgradeFailed"})
"""Session host statuses that count as healthy after an update. A new agent upgrades itself, which may take more than 30
minutes (azure-facts 1.6)."""


class ProvisioningState(StrEnum):
    """ARM's provisioningState of a resource."""

    CREATING = "Creating"
    UPDATING = "Updating"
    DELETING = "Deleting"
    MIGRATING = "Migrating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    UNKNOWN = "Unknown"
    """Not given, or none of the others."""

    @classmethod
    def _missing_(cls, value: object) -> ProvisioningState:
        return cls.UNKNOWN


class PowerState(StrEnum):
    """The power state of a VM: the suffix of its `PowerState/…` status, in lower case."""

    RUNNING = "running"
    STARTING = "starting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DEALLOCATING = "deallocating"
    DEALLOCATED = "deallocated"
    UNKNOWN = "unknown"
    """Not given, as in some lists, or none of the others."""

    @classmethod
    def _missing_(cls, value: object) -> PowerState:
        return cls.UNKNOWN


POWERED_OFF = frozenset({PowerState.STOPPED, PowerState.DEALLOCATED})
"""The power states in which nothing writes to the VM's disk."""


class DeleteOption(StrEnum):
    """What happens to a disk or network interface when its VM is deleted."""

    DETACH = "Detach"
    DELETE = "Delete"


class OperationKind(StrEnum):
    """The kinds of long-running ARM operations that Freshcoat starts; `shared.azure.operations` describes each."""

    REIMAGE = "reimage"
    DELETE = "delete"
    CREATE = "create"
    POWER_ON = "power_on"
    DEALLOCATE = "deallocate"
    EXTENSION = "extension"
    JOIN = "join"
    REGISTER = "register"
    SWAP = "swap"
    PROBE = "probe"
    INSPECT = "inspect"
    SNAPSHOT = "snapshot"
    DISK = "disk"
    CLONE = "clone"
    PREPARE = "prepare"
    IMAGE = "image"
    REMOVE = "remove"
    VERSION = "version"
    EXCLUDE = "exclude"
    REMOVE_VERSION = "remove_version"


class HostPool(Value):
    """An AVD host pool. `kind` is `Pooled`, `Personal` or `BYODesktop`; `session_limit` is per host."""

    id: str
    kind: str
    location: str
    session_limit: int
    load_balancing: str = ""
    """`BreadthFirst`, `DepthFirst`; empty: not known."""


class SessionHost(Value):
    """A session host as AVD reports it. `name` is without the host pool; `vm_id` is the VM's ARM id."""

    name: str
    vm_id: str
    accepting: bool
    sessions: int
    status: str

    @property
    def serving(self) -> bool:
        """Whether a new session could start here now."""
        return self.accepting and self.status in HEALTHY_STATUSES

    @property
    def unhealthy(self) -> bool:
        """Whether it is on, and AVD does not find it healthy."""
        return self.status not in HEALTHY_STATUSES and self.status != "Shutdown"


class UserSession(Value):
    """One session. A disconnected session still holds the user's work and counts as signed in."""

    id: str
    host: str
    user: str
    state: str
    since: UtcTime | None = None
    """When it was created; None: Azure does not say."""


class VirtualMachine(Value):
    """A VM: what determines how it is updated, and what must be restored afterwards.

    `definition_id` and `version` come from `imageReference` (`exactVersion`, or the pinned id);
    either is None when the VM was not created from a gallery image.
    """

    id: str
    name: str
    location: str
    unique_id: str
    provisioning: ProvisioningState
    power: PowerState
    tags: dict[str, str]
    definition_id: str | None
    version: str | None
    os_disk_id: str | None
    os_disk_delete_option: DeleteOption | None
    ephemeral: bool
    system_identity: bool = False
    """Whether the VM has a system-assigned identity, which joining Entra ID needs (azure-facts 11). A replaced VM gets
    another one."""
    user_identities: tuple[str, ...] = ()
    """Ids of the VM's user-assigned identities. A replaced VM gets them again."""
    os_disk_create_option: str = "FromImage"
    """How the OS disk was made. A PATCH of the disk must repeat it (azure-facts 11.7)."""
    os_disk_gb: int | None = None
    os_disk_type: str = ""
    """Storage type of the OS disk, `Premium_LRS` for instance; empty when unknown."""
    security_type: str = ""
    """`TrustedLaunch` or `ConfidentialVM`; empty for a VM of type Standard."""
    extensions: tuple[str, ...] = ()
    """Names of the VM's extensions."""
    vm_size: str = ""
    """`Standard_D4s_v5` for instance; empty when unknown."""

    @property
    def running(self) -> bool:
        """Whether the VM is running."""
        return self.power == PowerState.RUNNING

    @property
    def excluded(self) -> bool:
        """Whether it has the tag FreshcoatExclude, with any value. Azure ignores the case of a tag's name."""
        return any(name.lower() == EXCLUDE_TAG.lower() for name in self.tags)


def swapped_version(tags: Mapping[str, str], os_disk_id: str | None) -> str | None:
    """The version of a swapped-in OS disk, by the VM's tag. None when the VM does not have that disk."""
    version, _, disk = tags.get(SWAPPED_TAG, "").partition(" ")
    on_it = bool(disk) and os_disk_id is not None and last(os_disk_id).lower() == disk.lower()
    return version if on_it else None


class Disk(Value):
    """A managed disk. `attached_to`: ARM id of its VM, or None. `version_id`: the gallery image version it was created
    from, or None when unknown."""

    id: str
    name: str
    attached_to: str | None
    version_id: str | None
    size_gb: int | None = None
    storage_type: str = ""
    security_type: str = ""
    """As for a VM."""


class Permissions(Value):
    """The rights of the app's identity at a scope: allowed actions (with `*`) minus excluded ones, per role."""

    granted: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    """Pairs of actions and notActions."""


class Lock(Value):
    """A management lock. `level` is `CanNotDelete` or `ReadOnly`. It applies to the resource with the ARM id `scope`
    and to everything below."""

    name: str
    level: str
    scope: str


class ScalingPlan(Value):
    """An AVD scaling plan of a host pool. It ignores VMs with the tag `exclusion_tag`."""

    name: str
    enabled: bool
    exclusion_tag: str


class CoreQuota(Value):
    """The vCPU quota of a subscription in a region: used and allowed."""

    used: int
    limit: int


class Template(Value):
    """A template VM: the properties needed to clone it. `security` is ARM JSON."""

    id: str
    name: str
    location: str
    power: PowerState
    vm_size: str
    os_disk_id: str | None
    windows: bool
    ephemeral: bool
    subnet_id: str
    zones: tuple[str, ...] = ()
    license_type: str = ""
    image: str = ""
    """The image whose template it is, by its tag; empty without one."""
    security: dict[str, Any] = Field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether the VM uses its disk: every state but switched off."""
        return self.power not in POWERED_OFF


class Operation(Value):
    """A long ARM operation that was started: finished already, or to be resumed with `token`.

    `kind` names the call that resumes it; `retry_after` is ARM's Retry-After in seconds, None when it gave none;
    `begun_at` is when we started it, None when that is not known, `asked` whether it was asked after since.
    The token holds no secret (tested), so it may be kept in a row.
    """

    kind: OperationKind
    target: str
    token: str | None
    done: bool
    retry_after: float | None = None
    begun_at: UtcTime | None = None
    asked: bool = False


class VirtualMachineBody(Value):
    """The body to recreate a VM: ARM JSON without passwords and read-only fields.

    `extensions`: the extensions to be put back, by `name` and `properties`. ARM never returns protected settings, so
    only extensions of a kind that needs none are among them.
    """

    location: str
    body: dict[str, Any]
    extensions: tuple[dict[str, Any], ...] = ()


def version_of(vm: VirtualMachine, definition_id: str) -> str | None:
    """The version of this image that a VM reports. None when it was created from another image."""
    same = vm.definition_id is not None and vm.definition_id.lower() == definition_id.lower()
    return vm.version if same else None
