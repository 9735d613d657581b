"""Reads the hosts of a pool from the broker and from Azure: one list of each, never a call for each host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from shared.core.errors import AzureError, AzureRefused
from shared.core.names import ROLLOUT_TAG
from shared.models.azure import HostPool, SessionHost, VirtualMachine
from shared.models.base import region_key, version_key
from shared.models.images import Image
from shared.models.pools import Pool
from shared.services import Services

_READERS = 8


@dataclass(frozen=True)
class SeenHost:
    """A session host and its VM; None when the VM is gone."""

    broker: SessionHost
    vm: VirtualMachine | None

    @property
    def version(self) -> str | None:
        """The version its VM was made from."""
        return self.vm.version if self.vm else None

    @property
    def drain(self) -> Literal["none", "freshcoat", "operator"]:
        """Who drained the host."""
        if self.broker.accepting:
            return "none"
        return "freshcoat" if self.vm and ROLLOUT_TAG in self.vm.tags else "operator"


@dataclass(frozen=True)
class ListedHosts:
    """The session hosts of a host pool by lower-case name, as the broker listed them."""

    hosts: Mapping[str, SessionHost]
    at: datetime


@dataclass(frozen=True)
class ListedPowers:
    """The power states of the VMs of a pool's hosts, by lower-case VM id; `gone` for a VM that did not exist."""

    powers: Mapping[str, str]
    at: datetime


def hosts_key(host_pool_id: str) -> tuple[str, str]:
    """Where the last ListedHosts of a host pool are kept to be shown."""
    return "listed hosts", host_pool_id.lower()


def powers_key(host_pool_id: str) -> tuple[str, str]:
    """Where the last ListedPowers of a host pool are kept to be shown."""
    return "listed powers", host_pool_id.lower()


def see_hosts(services: Services, host_pool_id: str) -> list[SeenHost]:
    """All hosts of a host pool, read now; who shows their details need not read them again. Raises AzureError."""
    at = services.now()
    seen = with_vms(services, services.host_pools.session_hosts(host_pool_id))
    services.read_cache.keep(
        hosts_key(host_pool_id), ListedHosts({host.broker.name.lower(): host.broker for host in seen}, at)
    )
    services.read_cache.keep(powers_key(host_pool_id), ListedPowers(powers_of(seen), at))
    return seen


def powers_of(seen: Iterable[SeenHost]) -> dict[str, str]:
    """The power states of these hosts by lower-case VM id."""
    return {host.broker.vm_id.lower(): str(host.vm.power) if host.vm else "gone" for host in seen}


def with_vms(services: Services, hosts: Sequence[SessionHost]) -> list[SeenHost]:
    """These hosts with their VMs: one list. Raises AzureError."""
    vms = services.vms.find_many(host.vm_id for host in hosts if host.vm_id)
    return [SeenHost(host, vms.get(host.vm_id.lower())) for host in hosts]


def see_pools(services: Services, pools: Sequence[Pool]) -> dict[str, list[SeenHost] | AzureError]:
    """All hosts of many pools, by pool name; an error for a pool that cannot be read. One list of VMs serves all."""
    with ThreadPoolExecutor(_READERS) as readers:
        listed = list(readers.map(partial(_list_hosts, services), pools))
    everybody = [host for hosts in listed if not isinstance(hosts, AzureError) for host in hosts]
    together = _vms_of(services, everybody)
    return {
        pool.name: hosts if isinstance(hosts, AzureError) else _with_machines(services, hosts, together)
        for pool, hosts in zip(pools, listed, strict=True)
    }


def _list_hosts(services: Services, pool: Pool) -> list[SessionHost] | AzureError:
    try:
        return services.host_pools.session_hosts(pool.host_pool_id)
    except AzureError as error:
        return error


def _vms_of(services: Services, hosts: Sequence[SessionHost]) -> dict[str, VirtualMachine] | AzureError:
    try:
        return services.vms.find_many(host.vm_id for host in hosts if host.vm_id)
    except AzureError as error:
        return error


def _with_machines(
    services: Services, hosts: Sequence[SessionHost], vms: dict[str, VirtualMachine] | AzureError
) -> list[SeenHost] | AzureError:
    """The hosts with their VMs. If the shared list is refused, each pool is read by itself: rights may differ."""
    if isinstance(vms, AzureRefused):
        vms = _vms_of(services, hosts)
    if isinstance(vms, AzureError):
        return vms
    return [SeenHost(host, vms.get(host.vm_id.lower())) for host in hosts]


def regions_of(hosts: Iterable[SeenHost], host_pool: Callable[[], HostPool]) -> frozenset[str]:
    """The Azure regions (normalised names) an image must be in for these hosts.

    These are the regions of their VMs. The host pool's own location is only that of its metadata, so it is used only if
    there is no VM.
    """
    regions = {host.vm.location for host in hosts if host.vm} or {host_pool().location}
    return frozenset(region_key(region) for region in regions)


def most_common_version(seen: Sequence[SeenHost], image: Image) -> str | None:
    """The version of most hosts, the newest of equally frequent ones; None when it is unknown for every host."""
    versions = Counter(
        host.vm.version
        for host in seen
        if host.vm and host.vm.version and (host.vm.definition_id or "").lower() == image.definition_id.lower()
    )
    return max(versions, key=lambda version: (versions[version], version_key(version)), default=None)
