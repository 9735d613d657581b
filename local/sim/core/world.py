"""The state of the simulated cloud, independent of HTTP."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
Join = Literal["", "ad", "entra"]


@dataclass
class Operation:
    """One long-running operation, as shown at its status URL."""

    id: str
    name: str
    host: str
    started: str
    begun: float = 0.0  # `begun` and `due`: virtual times of its start and end
    due: float = 0.0
    status: str = "InProgress"
    ended: str = ""
    error: Json | None = None
    result: Json | None = None

    @property
    def running(self) -> bool:
        return self.status == "InProgress"


@dataclass
class Session:
    id: int
    user: str
    object_id: str
    created: str
    state: str = "Active"
    ending: bool = False
    messages: list[Json] = field(default_factory=list)


@dataclass
class Guest:
    """The operating system on one OS disk. A reimage creates a new one without join, agent and sessions."""

    joined: Join = ""
    domain: str = ""
    pool: str = ""  # the id of the host pool that its agent is registered with
    online_at: float = math.inf  # virtual time of the agent's first heartbeat
    sessions: dict[int, Session] = field(default_factory=dict)
    next_session: int = 2
    sysprepped: bool = False  # generalized by sysprep and not started since
    count_log: list[tuple[float, int]] = field(default_factory=list)
    join_number: int = 0  # counts the joins under this VM's name: only the last one is trusted
    attempt: str = ""  # the attempt id that the app's registration script recorded
    join_log: list[str] = field(default_factory=list)  # the end of its netsetup.log
    device_id: str = ""  # its device in Entra ID, as it knows it itself


@dataclass
class Vm:
    id: str
    name: str
    location: str
    props: Json
    vm_id: str
    created: str
    tags: dict[str, str] = field(default_factory=dict)
    extra: Json = field(default_factory=dict)  # top-level fields kept as sent: identity, zones, plan
    power: str = "running"
    provisioning: str = "Succeeded"
    generalized: bool = False
    guest: Guest = field(default_factory=Guest)
    local_version: str = ""  # the version on an ephemeral disk, which has no disk resource
    custom_data: str = ""  # the digest of the custom data
    etag: int = 1
    major: Operation | None = None
    minor: list[Operation] = field(default_factory=list)
    deleting: Operation | None = None

    @property
    def os_disk(self) -> Json:
        disk: Json = self.props["storageProfile"]["osDisk"]
        return disk

    @property
    def os_disk_id(self) -> str:
        return str(self.os_disk.get("managedDisk", {}).get("id", ""))

    @property
    def ephemeral(self) -> bool:
        return bool(self.os_disk.get("diffDiskSettings", {}).get("option"))

    @property
    def nic_refs(self) -> list[Json]:
        refs: list[Json] = self.props.get("networkProfile", {}).get("networkInterfaces", [])
        return refs


@dataclass
class Disk:
    id: str
    name: str
    location: str
    created: str
    creation: Json
    sku: str = "Premium_LRS"
    version: str = ""
    owner: str = ""  # the id of the VM it is attached to
    last_attached_to: str = ""  # the id of the VM it was last attached to, also after detaching
    tags: dict[str, str] = field(default_factory=dict)
    props: Json = field(default_factory=dict)
    provisioning: str = "Succeeded"
    guest: Guest | None = None  # the guest on a detached disk, which runs again when the disk is attached


@dataclass
class SessionHost:
    name: str  # the FQDN
    pool: "HostPool"
    vm_id: str
    vm_guid: str
    guest: Guest
    registered: str
    allow_new: bool = True
    in_service: bool = False  # told to accept sessions, or created with its pool
    assigned_user: str | None = None
    friendly_name: str | None = None
    fixed_status: str = ""  # a status that overrides `Available` permanently
    last_heartbeat: str = ""


@dataclass
class HostPool:
    id: str
    name: str
    location: str
    props: Json
    tags: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, datetime] = field(default_factory=dict)  # secret: only the token routes return them
    current_token: str = ""
    hosts: dict[str, SessionHost] = field(default_factory=dict)
    automated: bool = False  # managed by a session host configuration
    arrivals_per_minute: float = 0.0
    _roster: list[SessionHost] | None = None

    def add(self, host: SessionHost) -> None:
        self.hosts[host.name.lower()] = host
        self._roster = None

    def remove(self, host: SessionHost) -> None:
        self.hosts.pop(host.name.lower())
        self._roster = None

    @property
    def roster(self) -> list[SessionHost]:
        """The hosts as a list, cached until a change because the broker samples it at every logon."""
        if self._roster is None:
            self._roster = list(self.hosts.values())
        return self._roster

    @property
    def limit(self) -> int:
        return int(self.props.get("maxSessionLimit") or 999999)

    @property
    def pooled(self) -> bool:
        return bool(self.props.get("hostPoolType") == "Pooled")


@dataclass
class Device:
    """A device in Entra ID. `intune_id` is its id in Intune; empty when it is not enrolled."""

    id: str
    device_id: str
    name: str
    vm_id: str = ""  # of an Azure VM
    trust: str = "AzureAd"
    intune_id: str = ""
    deleted: bool = False  # it is still found for a while


@dataclass
class Tombstone:
    """The state of a deleted VM, used to check its recreation."""

    version: str
    registered: bool


@dataclass
class World:
    """All resources, keyed by lower-case ids because ARM compares names without case."""

    vms: dict[str, Vm] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    pools: dict[str, HostPool] = field(default_factory=dict)
    resources: dict[str, dict[str, Json]] = field(default_factory=dict)  # ARM bodies by type, then id
    session_host_of: dict[str, SessionHost] = field(default_factory=dict)  # by VM id
    tombstones: dict[str, Tombstone] = field(default_factory=dict)
    home: dict[str, tuple[str, str]] = field(default_factory=dict)  # VM id -> (pool id, domain), kept after deletion
    devices: dict[str, Device] = field(default_factory=dict)  # Entra ID, by object id
    managed: dict[str, Device] = field(default_factory=dict)  # Intune, by its own id; duplicates stay
    joins: dict[str, int] = field(default_factory=dict)  # VM id -> number of joins
    violations: list[Json] = field(default_factory=list)
    rebuilds: list[Json] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    expect: Json = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Json]:
        return self.resources.setdefault(kind.lower(), {})

    def vm(self, vm_id: str) -> Vm | None:
        return self.vms.get(vm_id.lower())

    def disk(self, disk_id: str) -> Disk | None:
        return self.disks.get(disk_id.lower())

    def count(self, name: str, by: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + by

    def devices_named(self, name: str) -> list[Device]:
        return [device for device in self.devices.values() if device.name.lower() == name.lower()]

    def version_on(self, vm: Vm) -> str:
        """The image version that is actually on the VM's disk."""
        disk = self.disk(vm.os_disk_id)
        return disk.version if disk else vm.local_version
