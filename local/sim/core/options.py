"""The options of the simulator, used by the command line and by `POST /_sim/reset`."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from local.sim.core.names import DEFINITION, GROUP

Throttling = Literal["off", "virtual", "real"]
Versions = tuple[str, ...]
TEMPLATE_POWER = ("deallocated", "running")
VERSION_LISTS = ("versions", "excluded")


def version_list(value: str | Sequence[str]) -> Versions:
    """Parse versions from `1.0.0,2.0.0` or from a list. Raises ValueError that names an invalid one."""
    given = tuple(filter(None, value.split(","))) if isinstance(value, str) else tuple(value)
    for version in given:
        if not re.fullmatch(r"\d+\.\d+\.\d+", version):
            raise ValueError(f"'{version}' is not a version; use three integers, Major.Minor.Patch")
    return given


@dataclass(frozen=True)
class Options:
    """The behaviour of the server, and the configuration of its first pool."""

    hosts: int = 24
    seed: int = 1
    speed: float = 60.0
    duration_scale: float = 1.0
    throttle: Throttling = "off"
    page_size: int = 200
    events_url: str = ""
    users: bool = True
    busy: float = 0.6
    busy_sessions: int = 3
    work_minutes: float = 45.0
    arrivals_per_minute: float | None = None
    disconnect_share: float = 0.3
    max_session_limit: int = 10
    load_balancer: str = "BreadthFirst"
    powered_off: int = 0
    drained: int = 0
    delete_option: str = "Delete"
    vmss: bool = False
    pinned: bool = False
    ephemeral: bool = False
    trusted_launch: bool = True
    versions: Versions = ("1.0.0", "2.0.0", "3.0.0")
    excluded: Versions = ("3.0.0",)
    template: str = "deallocated"

    def __post_init__(self) -> None:
        if not self.versions:
            raise ValueError("versions: at least one is required; the hosts use the first")
        if self.template not in TEMPLATE_POWER:
            raise ValueError(f"template: '{self.template}' is not one of {', '.join(TEMPLATE_POWER)}")

    def changed(self, changes: dict[str, Any]) -> "Options":
        """A copy with some options replaced. Raises ValueError for an unknown name."""
        known = {f.name for f in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"unknown option(s) {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        lists = {name: version_list(changes[name]) for name in VERSION_LISTS if name in changes}
        return replace(self, **{**changes, **lists})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class PoolSpec:
    """The configuration of a host pool: exactly the fields of `POST /_sim/pools`."""

    name: str
    hosts: int = 4
    prefix: str = ""  # prefix of the host names; empty means the pool's name without `hp-`
    version: str = "1.0.0"
    definition: str = DEFINITION
    max_session_limit: int = 10
    host_pool_type: str = "Pooled"
    load_balancer: str = "BreadthFirst"
    powered_off: int = 0
    drained: int = 0
    busy: float = 0.0
    busy_sessions: int = 3
    arrivals_per_minute: float | None = None
    delete_option: str = "Delete"
    vmss: bool = False
    pinned: bool = False
    ephemeral: bool = False
    trusted_launch: bool = True
    automated: bool = False  # managed by a session host configuration: gives out no registration tokens
    identity: bool = True  # whether its VMs have a system-assigned identity, which an Entra join needs
    group: str = GROUP  # its resource group
    vm_group: str = ""  # the resource group of its VMs, disks and network interfaces; empty means the pool's

    @property
    def host_prefix(self) -> str:
        return self.prefix or self.name.removeprefix("hp-")

    @property
    def groups(self) -> tuple[str, str]:
        """The resource groups of the pool and of its VMs."""
        return self.group, self.vm_group or self.group


def pool_spec(body: dict[str, Any]) -> PoolSpec:
    known = {f.name for f in fields(PoolSpec)}
    unknown = sorted(set(body) - known)
    if unknown or "name" not in body:
        raise ValueError(f"a pool needs name; known fields: {', '.join(sorted(known))}; unknown: {unknown}")
    return PoolSpec(**body)
