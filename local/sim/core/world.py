"""The state of the simulated cloud: what exists, and nothing about HTTP."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
Join = Literal["", "ad", "entra"]


@dataclass
class Operation:
    """One long-running operation, as its status URL tells it."""

    id: str
    name: str
    host: str
    started: str
    begun: float = 0.0  # virtual moments: when it began, and when it will have ended
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
    """The operating system on one OS disk. A re-image makes a new one: join, agent and sessions are gone."""

    joined: Join = ""
    domain: str = ""
    pool: str = ""  # the host pool its agent is registered with
    online_at: float = math.inf  # virtual moment from which the agent answers
    sessions: dict[int, Session] = field(default_factory=dict)
    next_session: int = 2
    sealed: bool = False  # sysprep has generalized it, and it has not been started since
    count_log: list[tuple[float, int]] = field(default_factory=list)
    trust: int = 0  # which join under its machine's name this was: only the last one is trusted
    attempt: str = ""  # on what occasion it was registered, as our script notes it


@dataclass
class Vm:
    id: str
    name: str
    location: str
    props: Json
    vm_id: str
    created: str
    tags: dict[str, str] = field(default_factory=dict)
    extra: Json = field(default_factory=dict)  # identity, zones, plan: top-level and kept as sent
    power: str = "running"
    provisioning: str = "Succeeded"
    generalized: bool = False
    guest: Guest = field(default_factory=Guest)
    local_version: str = ""  # the version on an ephemeral disk, which is no disk resource
    custom_data: str = ""  # a digest
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
    owner: str = ""  # the VM it is attached to
    was_on: str = ""  # the VM it was last attached to: a kept disk still says whose it was
    tags: dict[str, str] = field(default_factory=dict)
    props: Json = field(default_factory=dict)
    provisioning: str = "Succeeded"
    guest: Guest | None = None  # the system on it, which comes back when the disk is put under a VM again


@dataclass
class SessionHost:
    name: str  # the fqdn
    pool: "HostPool"
    vm_id: str
    vm_guid: str
    guest: Guest
    registered: str
    allow_new: bool = True
    assigned_user: str | None = None
    friendly_name: str | None = None
    fixed_status: str = ""  # a status no waiting changes
    last_heartbeat: str = ""


@dataclass
class HostPool:
    id: str
    name: str
    location: str
    props: Json
    tags: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, datetime] = field(default_factory=dict)  # secret: never leaves but by the token call
    current_token: str = ""
    hosts: dict[str, SessionHost] = field(default_factory=dict)
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
        """The hosts as a list, made once per change: the broker draws from it at every logon."""
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
class Tombstone:
    """What a deleted VM was, to know a re-creation for what it is."""

    version: str
    registered: bool


@dataclass
class World:
    """Everything, keyed by lower-case ids: ARM compares names without case."""

    vms: dict[str, Vm] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    pools: dict[str, HostPool] = field(default_factory=dict)
    resources: dict[str, dict[str, Json]] = field(default_factory=dict)  # by type, then id: kept as ARM bodies
    session_host_of: dict[str, SessionHost] = field(default_factory=dict)  # by VM id
    tombstones: dict[str, Tombstone] = field(default_factory=dict)
    home: dict[str, tuple[str, str]] = field(default_factory=dict)  # VM id -> (pool id, domain), also once deleted
    joins: dict[str, int] = field(default_factory=dict)  # VM id -> how often a system on it has joined
    violations: list[Json] = field(default_factory=list)
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

    def version_on(self, vm: Vm) -> str:
        """The image version that really is on the VM's disk."""
        disk = self.disk(vm.os_disk_id)
        return disk.version if disk else vm.local_version
