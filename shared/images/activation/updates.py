"""What an activation would do to the hosts of the pools that it updates, as of now."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.access.limits import pool_policy
from shared.api.profiles import UsedProbe
from shared.core.errors import AzureRefused, InvalidRequest
from shared.fleet.ring_rollout import spec_for_ring
from shared.models.images import Image
from shared.models.pools import Pool
from shared.models.tasks import PoolsWork, Task
from shared.records.unreadable_pools import is_gone
from shared.rollouts.draft import draft_unchecked
from shared.rollouts.preview import hosts_and_policy, preview
from shared.services import POOLS, Services

_READERS = 8


@dataclass(frozen=True)
class ForeseenUpdate:
    """The update of one pool: hosts, sessions on them, and what counts of it for the id of the plan."""

    part: list[object]
    to_update: int = 0
    users_at_force: int = 0


def foreseen_updates(services: Services, image: Image, task: Task, who: str) -> list[ForeseenUpdate]:
    """The updates of the pools of an activation with its version, by name. Raises AzureBusy."""
    if task.pools is None or task.version is None:
        return []
    work = task.pools
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(lambda pool: _foresee(services, image, task, work, pool, who), _pools(services, task)))


def _pools(services: Services, task: Task) -> Iterator[Pool]:
    for name in sorted(task.pools.update.pools) if task.pools else ():
        pool = services.pools.find(POOLS, name)
        if pool and pool.image == task.image and not is_gone(services, pool):
            yield pool


def _foresee(services: Services, image: Image, task: Task, work: PoolsWork, pool: Pool, who: str) -> ForeseenUpdate:
    """A pool that cannot be read, or has a broken policy, counts with its name: a finding gives the reason."""
    first = work.update.rings.get(pool.name, 0) == min(work.update.rings.values(), default=0)
    try:
        spec = spec_for_ring(task, work, image, pool, pool_policy(services, pool), services.now(), first=first)
        rollout = draft_unchecked(services, pool, spec, who)
        found = preview(services, pool, rollout)
    except (AzureRefused, InvalidRequest):
        return ForeseenUpdate([pool.name])
    part = hosts_and_policy(pool.name, rollout.policy, UsedProbe.of(rollout.probe), found.hosts)
    return ForeseenUpdate(part, found.to_update, found.users_at_force)
