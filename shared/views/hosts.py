"""The hosts of a pool as people see them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from shared.api.common import Listed
from shared.api.lists.pools import PoolHostsQuery
from shared.api.pools import PoolHostView
from shared.caches.seen_rows import SeenRows
from shared.core.codes import Code
from shared.core.errors import AzureError
from shared.models.messages import Message, message, quote
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost, goal_of
from shared.ports.paging import page_of
from shared.records.session_hosts import SeenHost, see_hosts
from shared.services import POOLS, Services
from shared.views.azure_waits import not_past, waiting_reason

SEEN_FOR = 5.0
"""Seconds for which a pool's hosts are shown as they were read at the least: Azure grants the app 25 reads a second,
for its work too, and the counts of the broker lag by as much."""
ROWS_FOR = 2.0
"""Seconds for which a rollout's hosts are shown as they were read at the least, unless it has come into another
state."""

DETAILS_FOR = 30.0
"""Seconds for which status and power of a rollout's hosts are shown as they were read: an open page must not take
up the reads that the rollout needs."""
_log = logging.getLogger("freshcoat.views")


def recent_hosts(services: Services, host_pool_id: str, *, behind: bool = True) -> list[SeenHost]:
    """All hosts of a host pool as they were SEEN_FOR seconds ago, to be shown; longer ago when reading them takes long,
    and up to twice as long when they are read `behind` the answer. Raises AzureError."""
    return services.read_cache.get(
        ("hosts", host_pool_id), SEEN_FOR, partial(see_hosts, services, host_pool_id), grows=True, behind=behind
    )


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
    """The hosts of a pool by name, and when they were read; none if they could not be."""

    hosts: Mapping[str, SeenHost]
    at: datetime | None


def seen_lately(services: Services, pool: str) -> SeenLately:
    """The hosts of a pool as the details of a rollout's hosts show them: one list for all readers, seldom read."""

    def read() -> SeenLately:
        found = services.pools.find(POOLS, pool)
        if found is None:
            return SeenLately({}, None)
        try:
            hosts = see_hosts(services, found.host_pool_id)
        except AzureError as error:
            _log.info("pool %s: its hosts could not be read to be shown: %s", pool, error)
            return SeenLately({}, None)
        return SeenLately({host.broker.name.lower(): host for host in hosts}, services.now())

    return services.read_cache.get(("hosts lately", pool), DETAILS_FOR, read, grows=True, behind=True)


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
