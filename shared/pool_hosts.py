"""The hosts of a pool as broker and Azure see them now: one list of each, never a call per host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from shared.api.common import Listed
from shared.api.pools import PoolHostView
from shared.core.errors import AzureBusy, AzureError
from shared.core.names import ROLLOUT_TAG
from shared.models.azure import HostPool, Machine, SessionHost
from shared.models.base import region_key
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.ports.paging import page_of
from shared.services import Services

_READERS = 8
SEEN_FOR = 5.0
"""Seconds for which a pool's hosts are shown as they were read at the least: Azure grants the app 25 reads a second,
for its work too, and the counts of the broker lag by as much."""
ROWS_FOR = 2.0
"""Seconds for which a rollout's hosts are shown as they were read at the least, unless it has come into another
state."""


@dataclass(frozen=True)
class SeenHost:
    """A session host and its VM; None when the VM is gone."""

    broker: SessionHost
    machine: Machine | None

    @property
    def version(self) -> str | None:
        """The version its VM was made from."""
        return self.machine.version if self.machine else None

    @property
    def drain(self) -> Literal["none", "freshcoat", "operator"]:
        """Who keeps new sessions away."""
        if self.broker.accepting:
            return "none"
        return "freshcoat" if self.machine and ROLLOUT_TAG in self.machine.tags else "operator"


def see_hosts(services: Services, host_pool_id: str) -> list[SeenHost]:
    """All hosts of a host pool. Raises AzureError."""
    hosts = services.desktops.session_hosts(host_pool_id)
    machines = services.machines.machines(host.vm_id for host in hosts if host.vm_id)
    return [SeenHost(host, machines.get(host.vm_id.lower())) for host in hosts]


def seen_lately(services: Services, host_pool_id: str, *, behind: bool = True) -> list[SeenHost]:
    """All hosts of a host pool as they were SEEN_FOR seconds ago, to be shown; longer ago when reading them takes long,
    and up to twice as long when they are read `behind` the answer. Raises AzureError."""
    return services.recent.get(
        ("hosts", host_pool_id), SEEN_FOR, partial(see_hosts, services, host_pool_id), grows=True, behind=behind
    )


def see_pools(services: Services, pools: Sequence[Pool]) -> dict[str, list[SeenHost] | AzureError]:
    """All hosts of many pools, by the pool's name; or why those of one cannot be read. One list of VMs for them all."""
    with ThreadPoolExecutor(_READERS) as readers:
        listed = list(readers.map(partial(_list_hosts, services), pools))
    everybody = [host for hosts in listed if not isinstance(hosts, AzureError) for host in hosts]
    together = _machines_of(services, everybody)
    return {
        pool.name: hosts if isinstance(hosts, AzureError) else _with_machines(services, hosts, together)
        for pool, hosts in zip(pools, listed, strict=True)
    }


def _list_hosts(services: Services, pool: Pool) -> list[SessionHost] | AzureError:
    try:
        return services.desktops.session_hosts(pool.host_pool_id)
    except AzureError as error:
        return error


def _machines_of(services: Services, hosts: Sequence[SessionHost]) -> dict[str, Machine] | AzureError:
    try:
        return services.machines.machines(host.vm_id for host in hosts if host.vm_id)
    except AzureError as error:
        return error


def _with_machines(
    services: Services, hosts: Sequence[SessionHost], machines: dict[str, Machine] | AzureError
) -> list[SeenHost] | AzureError:
    """The hosts with their VMs. What the app may not read for one pool, it may for another: then each by itself."""
    if isinstance(machines, AzureError) and not isinstance(machines, AzureBusy):
        machines = _machines_of(services, hosts)
    if isinstance(machines, AzureError):
        return machines
    return [SeenHost(host, machines.get(host.vm_id.lower())) for host in hosts]


def rows_lately(services: Services, rollout: Rollout) -> list[RolloutHost]:
    """The rows of a rollout's hosts, to be shown."""

    def read() -> list[RolloutHost]:
        return list(services.known_rows.read(services.hosts, rollout, services.now()).values())

    return services.recent.get(("rows", rollout.id, rollout.state), ROWS_FOR, read, grows=True, behind=True)


def regions_of(hosts: Iterable[SeenHost], host_pool: Callable[[], HostPool]) -> frozenset[str]:
    """The Azure regions (normalised names) an image must be in for these hosts.

    Those of their VMs: a host pool's own location is where its metadata lives, and is asked for only without a VM.
    """
    regions = {host.machine.location for host in hosts if host.machine} or {host_pool().location}
    return frozenset(region_key(region) for region in regions)


def list_hosts(
    services: Services, pool: Pool, rollout: Rollout | None, *, limit: int, continuation: str | None
) -> Listed[PoolHostView]:
    """A page of the pool's hosts by name, with their state in `rollout`: the running one, else the pool's refresh.

    Raises AzureError.
    """
    seen = seen_lately(services, pool.host_pool_id)
    rows = {row.host: row for row in rows_lately(services, rollout)} if rollout else {}
    target = rollout.version if rollout else pool.version
    page = page_of(seen, lambda host: host.broker.name.lower(), limit=limit, continuation=continuation)
    views = [_view(host, target, rows.get(host.broker.name.lower())) for host in page.rows]
    return Listed[PoolHostView](items=views, continuation=page.continuation)


def _view(host: SeenHost, target: str | None, row: RolloutHost | None) -> PoolHostView:
    return PoolHostView(
        host=host.broker.name.lower(),
        vm_id=host.broker.vm_id,
        version=host.version,
        target=target,
        sessions=host.broker.sessions,
        status=host.broker.status,
        accepting=host.broker.accepting,
        drain=host.drain,
        power=host.machine.power if host.machine else "gone",
        state=row.state if row else None,
        reason=(row.error or row.reason) if row else "",
    )
