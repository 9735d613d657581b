"""What entries of the record are about, from the rows that they are written for."""

from __future__ import annotations

from shared.core.asking import About
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
