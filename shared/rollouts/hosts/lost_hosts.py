"""Hosts that we took out of their host pool, and that no row knows to be out: storage has lost acknowledged writes.

No list of session hosts names such a host, so its VM is found by the tag that was set before its session host was
removed. A VM without this tag, or one that serves another host pool by now, is somebody else's and is never touched.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

from shared.core.errors import AzureBusy, AzureForbidden, AzureRefused, Conflict, NotFound
from shared.core.names import ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import VirtualMachine
from shared.models.pools import LostHost, Pool
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.reopen import found_again
from shared.records.change import change
from shared.rollouts.hosts import vm_marks
from shared.services import POOLS, Services

log = logging.getLogger("freshcoat.host")


def find_lost_hosts(
    services: Services, pool: Pool, near: Iterable[str], known: Collection[str]
) -> dict[str, VirtualMachine]:
    """The VMs of lost hosts, by host. Searched are the resource groups of the VMs `near` (ARM ids); `known` are hosts
    that are registered, or that a rollout knows to be out. Raises AzureBusy, AzureRefused."""
    tagged = services.vms.find_marked(near)
    return _ours(services, pool, tagged, known)


def read_lost_hosts(
    services: Services, pool: Pool, vm_ids: Iterable[str], known: Collection[str]
) -> dict[str, VirtualMachine]:
    """Those of these VMs (ARM ids) that are lost hosts, by host."""
    wanted = list(vm_ids)
    return _ours(services, pool, services.vms.find_many(wanted).values(), known) if wanted else {}


def _ours(
    services: Services, pool: Pool, vms: Iterable[VirtualMachine], known: Collection[str]
) -> dict[str, VirtualMachine]:
    out = {vm_marks.host_out_of(pool, vm): vm for vm in vms}
    return {
        host: vm
        for host, vm in sorted(out.items())
        if host and host not in known and not serves_elsewhere(services, pool, vm.id)
    }


def serves_elsewhere(services: Services, pool: Pool, vm_id: str) -> bool:
    """Whether a VM that is out of this pool was registered in another one. Without the right to look, it was not."""
    try:
        other = services.host_pools.registered_elsewhere(pool.host_pool_id, vm_id)
    except AzureForbidden as forbidden:
        log.warning("could not check whether %s is in another pool: %s", vm_id, forbidden)
        return False
    if other:
        log.warning("%s is now in host pool %s, so it is not changed", vm_id, other)
    return bool(other)


def rows_of_lost(
    rollout: Rollout, found: Mapping[str, VirtualMachine], stored: Mapping[str, RolloutHost]
) -> dict[str, RolloutHost]:
    """The rows with which the rollout takes these hosts up, by host."""
    return {
        host: found_again(stored.get(host) or _first_row(rollout, host, vm), rollout)
        for host, vm in found.items()
        # A host on which a rollout failed is not a refresh's.
        if rollout.kind is not RolloutKind.REFRESH or vm.tags.get(ROLLOUT_TAG) == rollout.id
    }


def _first_row(rollout: Rollout, host: str, vm: VirtualMachine) -> RolloutHost:
    log.warning("rollout %s: %s is out of its host pool, and no row knew it", rollout.id, host)
    row = RolloutHost(rollout=rollout.id, host=host, vm_id=vm.id, location=vm.location, excluded_by_tag=vm.excluded)
    return row.replace(found=vm_marks.original_of(vm, row.found) or row.found)


def known_to_be_out(rows: Iterable[RolloutHost]) -> set[str]:
    """The hosts whose rows say that they are seen to: they are in work, or out and waiting, or failed."""
    return {row.host for row in rows if _is_known_to_be_out(row)}


def _is_known_to_be_out(row: RolloutHost) -> bool:
    waits = row.removed_from_pool and not row.state.ended
    return waits or row.state.in_work or row.state is HostState.FAILED


def note_lost_hosts(
    services: Services, pool: Pool, rollout: Rollout | None, rows: Iterable[RolloutHost]
) -> frozenset[str]:
    """Search for the pool's lost hosts, write them on its row, and return their names.

    `rows`: those of `rollout`, the pool's rollout that runs or ended last. Raises AzureBusy, AzureRefused.
    """
    rows = list(rows)
    if pool.refresh_rollout and (rollout is None or rollout.id != pool.refresh_rollout):
        rows += services.hosts.all(pool.refresh_rollout)
    seen = services.host_pools.session_hosts(pool.host_pool_id)
    near = {row.vm_id for row in rows} | {host.vm_id for host in seen}
    known = {host.name.lower() for host in seen} | known_to_be_out(rows)
    found = find_lost_hosts(services, pool, near, known)
    lost = tuple(LostHost(host=host, vm_id=vm.id, rollout=vm.tags.get(ROLLOUT_TAG, "")) for host, vm in found.items())

    def decide(now: Pool) -> Pool | None:
        return None if now.lost_hosts == lost else now.model_copy(update={"lost_hosts": lost})

    change(services.pools, (POOLS, pool.name), decide, describe="pool", retried=True)
    return frozenset(found)


def lost_hosts_are_left(services: Services, pool: Pool, rollout: Rollout, rows: Sequence[RolloutHost]) -> bool:
    """At the end of a rollout: whether it has lost hosts to take up first. It takes none up twice."""
    lost = search_lost_hosts(services, pool, rollout, rows)
    taken_up = {row.host for row in rows if row.drained_by_earlier_failure}
    return rollout.state is not RolloutState.CANCELLING and bool(lost - taken_up)


def search_lost_hosts(
    services: Services, pool: Pool, rollout: Rollout | None, rows: Iterable[RolloutHost]
) -> frozenset[str]:
    """`note_lost_hosts`; if Azure or the pool's row cannot be had now, a later search does it."""
    try:
        return note_lost_hosts(services, pool, rollout, rows)
    except (AzureBusy, AzureRefused, Conflict, NotFound) as error:
        log.warning("pool %s: hosts that are out of it could not be searched for: %s", pool.name, error)
        return frozenset()
