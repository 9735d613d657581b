"""The hosts of a pool as people see them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import ceil

from shared.api.common import Listed
from shared.api.lists.pools import PoolHostsQuery
from shared.api.pools import PoolHostView
from shared.caches.seen_rows import SeenRows
from shared.core.arm_ids import last
from shared.core.codes import Code
from shared.core.errors import AzureError
from shared.models.azure import SessionHost
from shared.models.messages import Message, message, quote
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, goal_of
from shared.ports.paging import page_of
from shared.records.session_hosts import (
    ListedHosts,
    ListedPowers,
    SeenHost,
    hosts_key,
    powers_key,
    powers_of,
    see_hosts,
    see_pools,
    with_vms,
)
from shared.services import POOLS, Services
from shared.views.azure_waits import not_past, waiting_reason

SEEN_FOR = 5.0
"""Seconds for which a pool's hosts are shown as they were read, at the least: the broker's counts lag by as much."""
ROWS_FOR = 2.0
"""Seconds for which a rollout's hosts are shown as they were read at the least, unless it has come into another
state."""

DETAILS_FOR, POWER_FOR = 30.0, 120.0
"""Seconds for which what the broker says of a rollout's hosts, and the power of their VMs, are shown as they were
read, at the least."""

POOL_FOR = 60.0
"""Seconds for which a pool is taken to have the host pool that it had."""
POOL_READS, DETAIL_READS = 1.0, 0.2
"""ARM reads a second that the hosts of one pool may cost while somebody looks at it: its own page, and each of the two
lists of details. Azure grants the app 25 in a subscription, and an open page must not take those that rollouts need."""
PER_READ = 200
"""Items of a page in ARM's lists of session hosts, sessions and VMs, as was seen in practice."""
HOST_LISTS, VM_LISTS = 1, 2
"""Lists that are read: of the session hosts; of the VMs of their group, and of the power states."""

_log = logging.getLogger("freshcoat.views")


def recent_hosts(services: Services, host_pool_id: str, *, behind: bool = True) -> list[SeenHost]:
    """All hosts of a host pool as they were SEEN_FOR seconds ago, to be shown; longer ago when reading them takes long
    or many reads, and up to twice as long when they are read `behind` the answer. Raises AzureError."""

    def age(hosts: Sized) -> float:
        return max(SEEN_FOR, reads_of(HOST_LISTS + VM_LISTS, hosts) / POOL_READS)

    return services.read_cache.get(
        _recent_key(host_pool_id), age, partial(see_hosts, services, host_pool_id), grows=True, behind=behind
    )


def _recent_key(host_pool_id: str) -> tuple[str, str]:
    return "hosts", host_pool_id


def read_together(services: Services, pools: Sequence[Pool]) -> Mapping[str, AzureError]:
    """Read the hosts of these pools for `recent_hosts`, with one list of VMs for all of them, unless that has just been
    done. Answers why pools could not be read, by name: asking again for each would make it worse for a busy Azure."""
    if len(pools) < 2 or not services.read_cache.keeps:
        return {}

    def read() -> Mapping[str, AzureError]:
        errors: dict[str, AzureError] = {}
        found = see_pools(services, pools)
        for pool in pools:
            if isinstance(hosts := found[pool.name], AzureError):
                errors[pool.name] = hosts
            else:
                services.read_cache.keep(_recent_key(pool.host_pool_id), hosts)
        return errors

    return services.read_cache.get(("hosts of pools", frozenset(pool.name for pool in pools)), SEEN_FOR, read)


def reads_of(lists: int, items: Sized) -> int:
    """ARM reads for so many lists of these items, one for each page."""
    return lists * ceil(len(items) / PER_READ)


def recent_rows(services: Services, rollout: Rollout) -> list[RolloutHost]:
    """The rows of a rollout's hosts, to be shown."""
    return list(recent_seen(services, rollout).rows)


def recent_seen(services: Services, rollout: Rollout) -> SeenRows:
    """The rows of a rollout's hosts, to be shown, with the mark of their state: one for all who ask at a time."""
    about = (rollout.state, rollout.rolling_back, rollout.version_id, rollout.selection)

    def read() -> SeenRows:
        rows = services.host_rows.read(services.hosts, rollout, services.now()).values()
        return services.seen_rows.note(rollout.id, rows, about, services.now())

    return services.read_cache.get(("rows", rollout.id, about), ROWS_FOR, read, grows=True, behind=True)


@dataclass(frozen=True)
class SeenLately:
    """What the details of a rollout's hosts show of Azure, and when the older half of it was read."""

    hosts: Mapping[str, SessionHost]
    """By name; none if they could not be read."""
    powers: Mapping[str, str]
    """By VM id, for those that were read."""
    at: datetime

    def power(self, host: SessionHost) -> str | None:
        """The power of its VM; None when it is not known, as for a host that has just come."""
        return self.powers.get(host.vm_id.lower())


def seen_lately(services: Services, pool: str) -> SeenLately:
    """The hosts of a pool as the details of a rollout's hosts show them: lists that all readers share, seldom read.

    The fewer reads of ARM, the longer: what the broker says is read every DETAILS_FOR seconds in pools of up to 1,200
    hosts, and every 250 in one of 10,000; the power every POWER_FOR in pools of up to 2,400, and every 500 there. A
    page of the pool, and a pass of a rollout in the same worker, leave theirs here.
    """

    def find() -> str:
        found = services.pools.find(POOLS, pool)
        return found.host_pool_id if found else ""

    host_pool_id = services.read_cache.get(("host pool of", pool), POOL_FOR, find, behind=True)
    if not host_pool_id:
        return SeenLately({}, {}, services.now())
    hosts = _listed_hosts(services, host_pool_id)
    powers = _listed_powers(services, host_pool_id, hosts)
    return SeenLately(hosts.hosts, powers.powers, min(hosts.at, powers.at))


def _listed_hosts(services: Services, host_pool_id: str) -> ListedHosts:
    def read() -> ListedHosts:
        now = services.now()
        try:
            listed = services.host_pools.session_hosts(host_pool_id)
            return ListedHosts({host.name.lower(): host for host in listed}, now)
        except AzureError as error:
            _log.info("host pool %s: its hosts could not be read to be shown: %s", last(host_pool_id), error)
            return ListedHosts({}, now)

    def age(known: ListedHosts) -> float:
        return max(DETAILS_FOR, reads_of(HOST_LISTS, known.hosts) / DETAIL_READS)

    return services.read_cache.get(hosts_key(host_pool_id), age, read, grows=True, behind=True)


def _listed_powers(services: Services, host_pool_id: str, hosts: ListedHosts) -> ListedPowers:
    def read() -> ListedPowers:
        now = services.now()
        try:
            return ListedPowers(powers_of(with_vms(services, list(hosts.hosts.values()))), now)
        except AzureError as error:
            _log.info("host pool %s: its VMs could not be read to be shown: %s", last(host_pool_id), error)
            return ListedPowers({}, now)

    def age(known: ListedPowers) -> float:
        if not known.powers:  # they could not be read, or there were no hosts
            return DETAILS_FOR
        return max(POWER_FOR, reads_of(VM_LISTS, known.powers) / DETAIL_READS)

    return services.read_cache.get(powers_key(host_pool_id), age, read, grows=True, behind=True)


def list_hosts(services: Services, pool: Pool, rollout: Rollout | None, query: PoolHostsQuery) -> Listed[PoolHostView]:
    """A page of the pool's hosts by name, with their state in `rollout`: the running one, else the pool's refresh.

    Raises AzureError.
    """
    text = (query.search or "").casefold()
    seen = [host for host in recent_hosts(services, pool.host_pool_id) if text in host.broker.name.casefold()]
    rows = {row.host: row for row in recent_rows(services, rollout)} if rollout else {}
    page = page_of(seen, lambda host: host.broker.name.lower(), limit=query.limit, continuation=query.continuation)
    now = services.now()
    views = [
        _view(host, _target(pool, rollout, row), row, now)
        for host in page.rows
        for row in [rows.get(host.broker.name.lower())]
    ]
    return Listed[PoolHostView](items=views, continuation=page.continuation)


def target_of(rollout: Rollout, row: RolloutHost) -> str:
    """The version that the host will get. A host that is left out, or is not rolled back, keeps its own."""
    if rollout.rolling_back and not row.rolling_back and row.version:
        return row.version
    if rollout.why_left_out(row) and not row.taken_at and row.version:
        return row.version
    return goal_of(rollout, row).version


def _target(pool: Pool, rollout: Rollout | None, row: RolloutHost | None) -> str | None:
    """The version that the host will get, as the rollout's page says it. A retry takes no host without a row."""
    if rollout and row:
        return target_of(rollout, row)
    takes_all = rollout is not None and not (
        rollout.rolling_back or rollout.failed_hosts_only or rollout.selection.only
    )
    return rollout.version if rollout and takes_all else pool.version


def _view(host: SeenHost, target: str | None, row: RolloutHost | None, now: datetime) -> PoolHostView:
    return PoolHostView(
        host=host.broker.name.lower(),
        vm_id=host.broker.vm_id,
        version=host.version,
        target=target,
        sessions=host.broker.sessions,
        status=host.broker.status,
        accepting=host.broker.accepting,
        drain=host.drain,
        power=host.vm.power if host.vm else "gone",
        state=row.state if row else None,
        reason=_reason(row, now) if row else None,
    )


def _reason(row: RolloutHost, now: datetime) -> Message | None:
    if waits := waiting_reason(row, now):
        return waits
    return message(Code.HOST_FAILED, f"failed: {quote(row.error)}") if row.error else not_past(row.reason, now)
