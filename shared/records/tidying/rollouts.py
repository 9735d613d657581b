"""Removes rollouts that ended long ago, with the rows of their hosts and their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from shared.core.errors import FreshcoatError
from shared.models.rollouts import Rollout
from shared.records.tidying.removing import ended_before, log, remove_partition
from shared.services import POOLS, ROLLOUTS, TASKS, Services

KEPT_OF_EACH_POOL = 20
"""The newest rollouts of a registered pool stay, however old: a roll-back looks up the one that brought its version."""
PAGE = 2_000
"""How many old rollouts are read at a time."""
MOST_ROWS = 20_000
"""How many rows one run removes: as many as of the audit, since a timer has ten minutes for both."""


def tidy_rollouts(services: Services) -> int:
    """Remove rollouts that ended `rollout_keep_days` ago; return how many rows. A rollout's own row goes last, so that
    a run that is cut short leaves it to the next one."""
    before = services.now() - timedelta(days=services.settings.rollout_keep_days)
    removed = 0
    for old in ended_before(services.rollouts, before, PAGE):
        kept = _still_needed(services, old) if old else set[str]()
        for rollout in old:
            if removed >= MOST_ROWS:
                return removed
            if rollout.state.ended and rollout.id not in kept:
                removed += _remove(services, rollout, MOST_ROWS - removed)
    return removed


def _still_needed(services: Services, old: Iterable[Rollout]) -> set[str]:
    """Rollouts that a pool names, whose OS disks are kept, that are among the newest of their pool, or whose task is
    still there: it would show their pools as not started."""
    by_pool = defaultdict[str, list[Rollout]](list)
    for rollout in old:
        by_pool[rollout.pool].append(rollout)
    needed = {disk.rollout for disk in services.disks.every()}
    for pool in services.pools.each(POOLS):
        needed |= {pool.running_rollout, pool.refresh_rollout, pool.last_rollout}
        if pool.name in by_pool:
            needed |= set(_newest(services, pool.name))
    tasks = {one.task for one in old if one.task and one.id not in needed}
    there = {task for task in tasks if services.tasks.find(TASKS, task)}
    return needed | {one.id for one in old if one.task in there}


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
