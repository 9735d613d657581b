"""The list of pools: filtered, in order, page by page; each read from Azure, or as it was last looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from shared.api.common import Listed
from shared.api.lists.pools import MOST_LIVE, PoolSort, PoolsQuery
from shared.api.pools import PoolView
from shared.core.arm_ids import last
from shared.core.errors import InvalidRequest
from shared.models.access.roles import Reach
from shared.models.base import version_key
from shared.models.pools import Pool, PoolLook, Ring
from shared.models.rollouts import Rollout
from shared.ports.ordered import Value, ordered_page
from shared.records.pool_looks import look_of_pass, newest_look, stored_looks
from shared.records.pools import running_rollout
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.filters import check_account_filter, check_image_filter
from shared.views.hosts import read_together
from shared.views.pools import PoolRollouts, read_view, staged_version, view_pool

_READERS = 8
LISTED_FOR = 30.0
"""Seconds for which a pool is listed as it was read, unless its own row has changed: each costs ARM two reads."""
REFRESH_FOR = 10.0
"""Seconds for which the refresh of a pool is listed as it was read. Its row changes with each pass."""
ENDED_FOR = 60.0
"""Seconds for which a rollout that has ended is listed as it was read: its row hardly changes any more."""
LOOKS_FOR = 5.0
"""Seconds for which the stored looks are shown as they were read: many viewers ask for them at the same time."""
_RINGS = list(Ring)


def list_pools(services: Services, reach: Reach, query: PoolsQuery) -> Listed[PoolView]:
    """A page of the pools in reach. Raises InvalidRequest for unknown names, and for too many pools to be read.

    Read from Azure, each may be LISTED_FOR seconds old or, while it is being read again, twice as old; one that cannot
    be read says why and holds up no other.
    """
    if query.live and query.limit > MOST_LIVE:
        text = f"at most {MOST_LIVE} while pools are read from Azure; ask for more with live=false"
        raise InvalidRequest.one("limit", text)
    check_account_filter(services, reach, query.account)
    check_image_filter(services, reach, query.image)
    found = [pool for pool in services.pools.all(POOLS) if reach.sees((pool.account,)) and _matches(pool, query)]
    known = _Known(services, {pool.name: pool for pool in found})
    if query.rollout:
        found = [pool for pool in found if (known.running(pool) is not None) is (query.rollout == "open")]
    page = ordered_page(
        found,
        partial(_ORDERS[query.sort], known),
        lambda pool: pool.name,
        by=query.sort,
        descending=query.order == "desc",
        limit=query.limit,
        continuation=query.continuation,
    )
    views = _read(services, page.rows) if query.live else known.views(page.rows)
    return Listed[PoolView](items=views, continuation=page.continuation)


def _matches(pool: Pool, query: PoolsQuery) -> bool:
    text = (query.search or "").casefold()
    return (
        (query.account is None or pool.account == query.account)
        and (query.image is None or pool.image == query.image)
        and (query.ring is None or pool.ring in query.ring)
        and any(text in name.casefold() for name in (pool.name, pool.image, last(pool.host_pool_id)))
    )


def _read(services: Services, pools: Sequence[Pool]) -> list[PoolView]:
    """The pools as they are in Azure. Those that are due are read with one list of VMs, also behind the answer."""
    due = [pool for pool in pools if not services.read_cache.has(_listed(pool), LISTED_FOR / 2)]  # it counts twice that

    def view_of(pool: Pool) -> PoolView:
        def read() -> PoolView:
            return read_view(services, pool, behind=False, error=read_together(services, due).get(pool.name))

        return services.read_cache.get(_listed(pool), LISTED_FOR, read, behind=True)

    unknown = [pool for pool in pools if not services.read_cache.has(_listed(pool), LISTED_FOR)]
    with ThreadPoolExecutor(_READERS) as readers:  # starts a thread for each that is to be read, as a rule none
        read = dict(zip((pool.name for pool in unknown), readers.map(view_of, unknown), strict=True))
    return [read.get(pool.name) or view_of(pool) for pool in pools]


def _listed(pool: Pool) -> tuple[str, str, str | None]:
    return "pool in a list", pool.name, pool.etag


def _key(rollout_id: str) -> tuple[str, str]:
    return "rollout of a listed pool", rollout_id


@dataclass
class _Known:
    """What the tables know about pools, each part read when it is first asked for."""

    services: Services
    pools: Mapping[str, Pool]
    _looks: Mapping[str, PoolLook] | None = None
    _rollouts: dict[str, PoolRollouts] | None = None

    def running(self, pool: Pool) -> Rollout | None:
        return self.rollouts(pool).running

    def look(self, pool: Pool) -> PoolLook | None:
        """The newest numbers of a pool: of the last look, or of a pass of one of its rollouts."""
        if self._looks is None:
            self._looks = self.services.read_cache.get("looks", LOOKS_FOR, lambda: stored_looks(self.services))
        of = self.rollouts(pool)
        passes = (look_of_pass(pool.name, rollout) for rollout in (of.running, of.refresh, of.last))
        return newest_look([self._looks.get(pool.name), *passes])

    def rollouts(self, pool: Pool) -> PoolRollouts:
        """The rollouts of a pool. Those of all pools are read at once."""
        if self._rollouts is None:
            self._rollouts = self._read_rollouts(list(self.pools.values()))
        return self._rollouts[pool.name]

    def _read_rollouts(self, pools: Sequence[Pool]) -> dict[str, PoolRollouts]:
        unknown = [pool for pool in pools if self._has_to_be_read(pool)]
        with ThreadPoolExecutor(_READERS) as readers:  # starts a thread for each that is to be read
            read = dict(zip((pool.name for pool in unknown), readers.map(self._rollouts_of, unknown), strict=True))
        return {pool.name: read.get(pool.name) or self._rollouts_of(pool) for pool in pools}

    def _has_to_be_read(self, pool: Pool) -> bool:
        kept = ((pool.refresh_rollout, REFRESH_FOR), (pool.last_rollout, ENDED_FOR))
        has = self.services.read_cache.has  # it counts what is up to twice as old
        return bool(pool.running_rollout) or any(name and not has(_key(name), age / 2) for name, age in kept)

    def _rollouts_of(self, pool: Pool) -> PoolRollouts:
        refresh = self._kept(pool.refresh_rollout, REFRESH_FOR)
        return PoolRollouts(
            running=running_rollout(self.services, pool),
            refresh=refresh if refresh and not refresh.state.ended else None,
            last=self._kept(pool.last_rollout, ENDED_FOR),
        )

    def _kept(self, rollout_id: str, age: float) -> Rollout | None:
        if not rollout_id:
            return None
        rows = self.services.rollouts
        return self.services.read_cache.get(_key(rollout_id), age, lambda: rows.find(ROLLOUTS, rollout_id))

    def views(self, pools: Sequence[Pool]) -> list[PoolView]:
        """The pools without a read from Azure."""
        images = dict.fromkeys(pool.image for pool in pools)
        staged = {image: staged_version(self.services, image) for image in images}
        now = self.services.now()
        return [view_pool(pool, self.look(pool), self.rollouts(pool), staged[pool.image], now) for pool in pools]


def _number(read: Callable[[PoolLook], int]) -> Callable[[_Known, Pool], Value]:
    def value(known: _Known, pool: Pool) -> Value:
        look = known.look(pool)
        return read(look) if look else None

    return value


def _behind(known: _Known, pool: Pool) -> Value:
    look = known.look(pool)
    return look.behind(pool.version) if look else None


def _seen_at(known: _Known, pool: Pool) -> Value:
    look = known.look(pool)
    return look.at if look else None


_ORDERS: dict[PoolSort, Callable[[_Known, Pool], Value]] = {
    "name": lambda _, pool: pool.name,
    "account": lambda _, pool: pool.account,
    "image": lambda _, pool: pool.image,
    "ring": lambda _, pool: _RINGS.index(pool.ring),
    "version": lambda _, pool: [*version_key(pool.version)] if pool.version else None,
    "hosts": _number(lambda look: look.hosts),
    "sessions": _number(lambda look: look.sessions),
    "accepting": _number(lambda look: look.accepting),
    "unhealthy": _number(lambda look: look.unhealthy),
    "behind": _behind,
    "seen_at": _seen_at,
}
