"""Pools: reading them, and what a new host is to be made from. Registering one is in `pool_registration`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from shared.api.common import Listed
from shared.api.conditions import entity_tag
from shared.api.pools import Freshness, PoolRegistration, PoolView
from shared.core.arm_ids import describe_azure_error
from shared.core.errors import AzureError
from shared.models.access.roles import Reach
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.planning.join.devices import cleanup_of
from shared.records.pools import find_pool, open_refresh, running_rollout
from shared.records.session_hosts import SeenHost
from shared.services import POOLS, Services
from shared.views.hosts import recent_hosts
from shared.views.new_hosts import new_hosts_view
from shared.views.rollout_progress import brief, lost_hosts_view, note_of
from shared.views.visible import visible_page

_READERS = 8
LISTED_FOR = 30.0
"""Seconds for which a pool is listed as it was read, unless its own row has changed: each costs ARM two reads."""


def list_pools(services: Services, reach: Reach, *, limit: int, continuation: str | None) -> Listed[PoolView]:
    """A page of the pools in reach. Each may be LISTED_FOR seconds old or, while it is being read again, twice as old.

    One that cannot be read says why and holds up no other.
    """
    page = visible_page(
        services.pools, POOLS, lambda pool: reach.sees((pool.account,)), limit=limit, continuation=continuation
    )

    def view_of(pool: Pool) -> PoolView:
        return services.read_cache.get(
            _listed(pool), LISTED_FOR, lambda: _read_view(services, pool, behind=False), behind=True
        )

    unknown = [pool for pool in page.rows if not services.read_cache.has(_listed(pool), LISTED_FOR)]
    with ThreadPoolExecutor(_READERS) as readers:  # starts a thread for each that is to be read, as a rule none
        read = dict(zip((pool.name for pool in unknown), readers.map(view_of, unknown), strict=True))
    views = [read.get(pool.name) or view_of(pool) for pool in page.rows]
    return Listed[PoolView](items=views, continuation=page.continuation)


def _listed(pool: Pool) -> tuple[str, str, str | None]:
    return "pool in a list", pool.name, pool.etag


def read_pool(services: Services, name: str) -> PoolView:
    """One pool; its hosts as they were a moment ago. Raises NotFound."""
    return _read_view(services, find_pool(services, name), behind=True)


def _read_view(services: Services, pool: Pool, *, behind: bool) -> PoolView:
    """`behind`: its hosts may be read behind the answer. Not for what is kept itself, or their ages would add up."""
    rollout, refresh = running_rollout(services, pool), open_refresh(services, pool)
    new_hosts = new_hosts_view(services, pool, rollout)
    try:
        seen = recent_hosts(services, pool.host_pool_id, behind=behind)
    except AzureError as error:
        changes = {"problem": describe_azure_error("host pool", error), "new_hosts": new_hosts}
        return view_pool(pool, None, rollout, refresh).model_copy(update=changes)
    return view_pool(pool, seen, rollout, refresh).model_copy(update={"new_hosts": new_hosts})


def view_pool(
    pool: Pool, seen: Sequence[SeenHost] | None, rollout: Rollout | None, refresh: Rollout | None
) -> PoolView:
    """The pool with its hosts; `seen` is None when they could not be read. `refresh`: the pool's open refresh."""
    kept = pool.model_dump(include=set(PoolView.model_fields) - {"running_rollout", "freshness", "lost_hosts"})
    versions = Counter(host.version or "unknown" for host in seen or ())
    return PoolView.model_validate(
        kept
        | {
            "etag": entity_tag(PoolRegistration.of(pool)),
            "directory_cleanup": cleanup_of(pool),
            "hosts": None if seen is None else len(seen),
            "hosts_per_version": dict(sorted(versions.items())),
            "sessions": None if seen is None else sum(host.broker.sessions for host in seen),
            "running_rollout": brief(rollout) if rollout else None,
            "freshness": freshness(refresh) if refresh else None,
            "lost_hosts": lost_hosts_view(pool),
        }
    )


def freshness(refresh: Rollout) -> Freshness:
    """How far a pool's refresh has come, from its own row alone."""
    hosts, fresh = (
        (refresh.progress.last_pass.hosts, refresh.progress.last_pass.fresh) if refresh.progress.last_pass else (0, 0)
    )
    return Freshness(rollout=refresh.id, state=refresh.state, used=hosts - fresh, fresh=fresh, note=note_of(refresh))
