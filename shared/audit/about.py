"""What entries of the record are about, and on whose behalf work is done, from the rows that it is done for."""

from __future__ import annotations

from shared.core.asking import About, Asker, correlation_of
from shared.models.pools import Pool
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout
from shared.models.tasks import Task


def about_rollout(rollout: Rollout) -> About:
    """A rollout, of the account that its pool had when it began."""
    return About((rollout.account,), rollout.pool, rollout.image, rollout.id)


def about_pool(pool: Pool) -> About:
    """A pool."""
    return About((pool.account,), pool.name, pool.image)


def about_task(task: Task) -> About:
    """A task, of the accounts of its image or of all pools that it names."""
    return About(task.accounts, image=task.image)


def about_promotion(promotion: Promotion) -> About:
    """A promotion, of the accounts of its image or of all pools that it names."""
    return About(promotion.accounts, image=promotion.image)


def asker_of_rollout(rollout: Rollout) -> Asker:
    """On whose behalf the work on a rollout's hosts is done. All its calls to ARM have one correlation id."""
    return _asker(rollout.id, rollout.requested_by, rollout.requester, about_rollout(rollout))


def asker_of_task(task: Task) -> Asker:
    """On whose behalf the steps of a task are done. All its calls to ARM have one correlation id."""
    return _asker(task.id, task.requested_by, task.requester, about_task(task))


def _asker(work: str, name: str, requester: str, about: About) -> Asker:
    named = {"name": name, "behalf_of": requester} if name else {}
    return Asker(correlation=correlation_of(work), about=about, **named)
