"""Looks whether each registered pool can be read, also those that no rollout reads."""

from __future__ import annotations

from shared.core.errors import AzureError
from shared.records.pool_looks import keep_looks
from shared.records.session_hosts import see_pools
from shared.records.unreadable_pools import note_reading
from shared.services import POOLS, Services


def watch_pools(services: Services) -> list[str]:
    """Record for each pool whether it can be read; answers those that cannot. Raises AzureBusy for the tables."""
    pools = services.pools.all(POOLS)
    seen = see_pools(services, pools)
    keep_looks(services, pools, seen)
    unread = []
    for pool in pools:
        hosts = seen[pool.name]
        error = hosts if isinstance(hosts, AzureError) else None
        note_reading(services, pool, error)
        if error is not None:
            unread.append(pool.name)
    return unread
