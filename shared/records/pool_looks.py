"""The last look at each pool: its numbers, for lists that do not read Azure.

A pass of a rollout over its pool is a look too, and its numbers are on the rollout's row. All other pools are looked at
by a timer, a few at a time.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from shared.core.errors import AlreadyExists, AzureError, StaleRow
from shared.core.names import ROLLOUT_TAG
from shared.models.pools import Pool, PoolLook
from shared.models.rollouts import Rollout
from shared.records.session_hosts import SeenHost, see_pools
from shared.services import LOOKS, POOLS, Services

log = logging.getLogger("freshcoat.pools")

LOOKED_AT_EVERY = timedelta(minutes=10)
"""How old the last look at a pool gets before the next one."""
_NEVER = datetime.min.replace(tzinfo=UTC)
MOST_AT_ONCE = 40
"""Pools that one run of the timer looks at: each costs ARM a read, and a list of VMs for all of them."""


def look_of(pool: str, seen: Sequence[SeenHost], at: datetime) -> PoolLook:
    """The numbers of a pool from its hosts."""
    return PoolLook(
        pool=pool,
        tried_at=at,
        at=at,
        hosts=len(seen),
        sessions=sum(host.broker.sessions for host in seen),
        accepting=sum(host.broker.serving for host in seen),
        unhealthy=sum(map(is_unhealthy, seen)),
        versions=dict(sorted(Counter(host.version or "unknown" for host in seen).items())),
    )


def is_unhealthy(host: SeenHost) -> bool:
    """Whether the host should work and does not: it is on, no rollout has it in work, and AVD does not find it
    healthy."""
    in_work = host.vm is not None and ROLLOUT_TAG in host.vm.tags
    return not in_work and host.broker.unhealthy


def look_of_pass(pool: str, rollout: Rollout | None) -> PoolLook | None:
    """The numbers of a pool as the last pass of a rollout saw them; None if it has seen none, or only some hosts."""
    seen = rollout.progress.last_pass if rollout else None
    if rollout is None or seen is None or rollout.failed_hosts_only or seen.versions is None:
        return None
    return PoolLook(
        pool=pool,
        tried_at=seen.at,
        at=seen.at,
        hosts=seen.hosts,
        sessions=seen.sessions,
        accepting=seen.accepting,
        unhealthy=seen.unhealthy,
        versions=seen.versions,
    )


def newest_look(looks: Iterable[PoolLook | None]) -> PoolLook | None:
    """The latest of several looks at one pool; None when none of them has seen it."""
    seen = [(look.at, look) for look in looks if look and look.at]
    return max(seen, key=lambda pair: pair[0])[1] if seen else None


def stored_looks(services: Services) -> Mapping[str, PoolLook]:
    """The stored look of each pool, by its name."""
    return {look.pool: look for look in services.looks.all(LOOKS)}


def look_at_pools(services: Services) -> list[str]:
    """Look at the pools that were not looked at for some time, the longest first; answers their names.

    Raises AzureBusy for the tables.
    """
    looks, before = stored_looks(services), services.now() - LOOKED_AT_EVERY

    def tried(pool: Pool) -> datetime:
        look = looks.get(pool.name)
        return look.tried_at if look else _NEVER

    due = sorted((pool for pool in services.pools.all(POOLS) if tried(pool) <= before), key=tried)[:MOST_AT_ONCE]
    if due:
        keep_looks(services, due, see_pools(services, due))
    return [pool.name for pool in due]


def keep_looks(services: Services, pools: Sequence[Pool], seen: Mapping[str, list[SeenHost] | AzureError]) -> None:
    """Store the looks at these pools. A pool that could not be read keeps its numbers, and is tried again after the
    others."""
    for pool in pools:
        found, now = seen[pool.name], services.now()
        stored = services.looks.find(LOOKS, pool.name)
        if not isinstance(found, AzureError):
            _keep(services, look_of(pool.name, found, now), stored)
        else:
            failed = stored or PoolLook(pool=pool.name, tried_at=now)
            _keep(services, failed.model_copy(update={"tried_at": now}), stored)


def _keep(services: Services, look: PoolLook, stored: PoolLook | None) -> None:
    try:
        if stored:
            services.looks.replace(look.written_over(stored))
        else:
            services.looks.add(look)
    except (StaleRow, AlreadyExists):
        log.debug("somebody else has just looked at pool %s", look.pool)


def forget_look(services: Services, pool: str) -> None:
    """Remove the look at a pool that is not registered any more."""
    stored = services.looks.find(LOOKS, pool)
    if stored:
        services.looks.remove(stored)
