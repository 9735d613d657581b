"""Finds pools, and the rollout and the refresh that run on them."""

from __future__ import annotations

from shared.core.errors import NotFound
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.records import just_read
from shared.services import POOLS, ROLLOUTS, Services


def find_pool(services: Services, name: str) -> Pool:
    """A registered pool. Raises NotFound."""
    pool = just_read.take(Pool, name) or services.pools.find(POOLS, name)
    if pool is None:
        raise NotFound("pool", name)
    return pool


def running_rollout(services: Services, pool: Pool) -> Rollout | None:
    """The pool's rollout that has not ended, or None."""
    if not pool.running_rollout:
        return None
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout)
    return rollout if rollout and not rollout.state.ended else None


def open_refresh(services: Services, pool: Pool) -> Rollout | None:
    """The pool's refresh that has not ended, or None."""
    if not pool.refresh_rollout:
        return None
    rollout = services.rollouts.find(ROLLOUTS, pool.refresh_rollout)
    return rollout if rollout and not rollout.state.ended else None
