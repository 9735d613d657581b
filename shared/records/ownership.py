"""Whose a new task or promotion is: the accounts of the pools that it names, or else those of its image."""

from __future__ import annotations

from collections.abc import Iterable

from shared.models.access.roles import EVERY_ACCOUNT
from shared.models.images import Image
from shared.models.pools import Pool
from shared.models.tasks import PoolsWork, Task
from shared.services import IMAGES, POOLS, Services


def owners(services: Services, image: str, pools: Iterable[str]) -> tuple[str, ...]:
    """The accounts of these pools, or those of the image if there are none. `*`: all accounts."""
    names = set(pools)
    if names:
        return tuple(sorted({pool.account for pool in services.pools.all(POOLS) if pool.name in names}))
    found = services.images.find(IMAGES, image)
    return found.owners if found else ()


def has_moved(task: Task, pool: Pool) -> bool:
    """Whether the pool was given to an account that the task was not asked for. A task without accounts is older."""
    return bool(task.accounts) and not {pool.account, EVERY_ACCOUNT} & set(task.accounts)


def is_given_away(task: Task, image: Image) -> bool:
    """Whether the image belongs to accounts that the task was not asked for. A task without accounts is older."""
    return bool(task.accounts) and EVERY_ACCOUNT not in task.accounts and not set(image.owners) <= set(task.accounts)


def owners_of_work(services: Services, image: str, work: PoolsWork | None) -> tuple[str, ...]:
    """The same for a task's work on pools."""
    return owners(services, image, work.update.pools if work else ())
