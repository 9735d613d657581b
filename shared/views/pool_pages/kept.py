"""What an update keeps of a pool's hosts, read seldom: it changes when somebody rebuilds the pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from shared.api.pool_pages.kept import KeptNetwork, KeptView
from shared.core import arm_ids
from shared.core.codes import Code
from shared.core.errors import AzureError
from shared.models.azure import VirtualMachine
from shared.models.base import region_key
from shared.models.messages import message, quote
from shared.models.pools import Pool
from shared.records.pools import find_pool
from shared.services import Services
from shared.views.hosts import recent_hosts

READ_FOR = 60.0
"""Seconds for which it is shown as it was read."""


def read_kept(services: Services, name: str) -> KeptView:
    """VM sizes, networks and regions of the pool's hosts. Raises NotFound, AzureError when hosts cannot be read."""
    pool = find_pool(services, name)
    return services.read_cache.get(("kept", pool.host_pool_id), READ_FOR, partial(_read, services, pool), grows=True)


def _read(services: Services, pool: Pool) -> KeptView:
    vms = [host.vm for host in recent_hosts(services, pool.host_pool_id) if host.vm]
    networks, problem = None, None
    try:
        networks = _networks(services, vms)
    except AzureError as error:
        text = f"The network cards cannot be read: {quote(str(error))}. Networks stay as they are all the same."
        problem = message(Code.NETWORKS_UNREADABLE, text)
    return KeptView(
        as_of=services.now(),
        hosts=len(vms),
        vm_sizes=dict(Counter(vm.vm_size or "unknown" for vm in vms).most_common()),
        networks=networks,
        networks_problem=problem,
        regions=sorted({region_key(vm.location) for vm in vms}),
    )


def _networks(services: Services, vms: Sequence[VirtualMachine]) -> list[KeptNetwork]:
    """The subnets, those of most hosts first."""
    found = services.vms.subnets_of(vm.id for vm in vms) if vms else {}
    written = {subnet.lower(): subnet for subnet in found.values()}
    counted = Counter(subnet.lower() for subnet in found.values())
    return [_network(written[key], hosts) for key, hosts in counted.most_common()]


def _network(subnet_id: str, hosts: int) -> KeptNetwork:
    try:
        vnet, subnet = arm_ids.parse(subnet_id, depth=2).names
    except AzureError:
        vnet, subnet = "", subnet_id
    return KeptNetwork(vnet=vnet, subnet=subnet, subnet_id=subnet_id, hosts=hosts)
