"""Removes rollouts that ended long ago, with the rows of their hosts and their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from shared.core.errors import FreshcoatError
from shared.models.rollouts import Rollout
from shared.records.tidying import log, remove_partition
from shared.services import POOLS, ROLLOUTS, Services

KEPT_OF_EACH_POOL = 20
"""The newest rollouts of a registered pool stay, however old: a roll-back looks up the one that brought its version."""
MOST_CANDIDATES = 2_000
"""How many old rollouts one run looks at."""
MOST_ROWS = 20_000
"""How many rows one run removes: as many as of the audit, since a timer has ten minutes for both."""


def tidy_rollouts(services: Services) -> int:
    """Remove rollouts that ended `rollout_keep_days` ago; return how many rows. A rollout's own row goes last, so that
    a run that is cut short leaves it to the next one."""
    old = _ended_before(services, services.now() - timedelta(days=services.settings.rollout_keep_days))
    kept = _still_needed(services, old) if old else set[str]()
    removed = 0
    for rollout in old:
        if removed >= MOST_ROWS:
            break
        if rollout.id not in kept:
            removed += _remove(services, rollout, MOST_ROWS - removed)
    return removed


def _ended_before(services: Services, moment: datetime) -> list[Rollout]:
    """Those that ended before then, the oldest first."""
    made = services.rollouts.before("created_at", moment, limit=MOST_CANDIDATES)
    ended = [(one.ended_at, one) for one in made if one.state.ended and one.ended_at and one.ended_at < moment]
    return [rollout for _, rollout in sorted(ended, key=lambda pair: (pair[0], pair[1].id))]


def _still_needed(services: Services, old: Iterable[Rollout]) -> set[str]:
    """Rollouts that a pool names, whose OS disks are kept, or that are among the newest of their pool."""
    by_pool = defaultdict[str, list[Rollout]](list)
    for rollout in old:
        by_pool[rollout.pool].append(rollout)
    needed = {disk.rollout for disk in services.disks.every()}
    for pool in services.pools.each(POOLS):
        needed |= {pool.running_rollout, pool.refresh_rollout, pool.last_rollout}
        if pool.name in by_pool:
            needed |= set(_newest(services, pool.name))
    return needed


def _newest(services: Services, pool: str) -> Iterator[str]:
    """Ids are newest-first, and so are the rows."""
    return (one.id for one in islice(services.rollouts.each(ROLLOUTS, pool=pool), KEPT_OF_EACH_POOL))


def _remove(services: Services, rollout: Rollout, most: int) -> int:
    removed = remove_partition(services.events, rollout.id, most)
    removed += remove_partition(services.hosts, rollout.id, most - removed)
    if any(rows.page(rollout.id, limit=1).rows for rows in (services.events, services.hosts)):
        return removed
    try:
        services.rollouts.remove(rollout)
    except FreshcoatError as error:
        log.warning("Rollout %s could not be removed: %s", rollout.id, error)
        return removed
    return removed + 1
