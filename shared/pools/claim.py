"""Reserves a pool for at most one rollout that has not ended, by one conditional write of the pool's row."""

from __future__ import annotations

import logging
from datetime import timedelta

from shared.core.errors import Conflict, FreshcoatError
from shared.core.ids import made_at
from shared.models.pools import Pool
from shared.pools.settlement import apply_outcome_to_pool
from shared.records.change import change
from shared.records.pools import find_pool
from shared.services import POOLS, ROLLOUTS, Services

_log = logging.getLogger(__name__)

CLAIM_GRACE = timedelta(minutes=1)
"""How long a claim is valid without the rollout's row: the process may have died between the two writes."""


def free_pool(services: Services, name: str) -> Pool:
    """The pool, after applying the outcome of its last rollout, which may just have ended. Raises NotFound."""
    pool = find_pool(services, name)
    last = services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
    if last is None or not last.state.ended:
        return pool
    apply_outcome_to_pool(services, last)
    return find_pool(services, name)


def refuse_second(services: Services, pool: Pool, rollout_id: str = "") -> None:
    """Raises Conflict with the id of the rollout that holds the pool, unless that is `rollout_id`."""
    if pool.running_rollout not in {"", rollout_id} and is_valid(services, pool.running_rollout):
        raise Conflict(
            f"Rollout {pool.running_rollout} runs on pool {pool.name}; wait for its end or cancel it.",
            rollout=pool.running_rollout,
        )


def is_valid(services: Services, holder: str) -> bool:
    """Whether a claim is valid: its rollout has not ended, or its row may still be about to be written."""
    rollout = services.rollouts.find(ROLLOUTS, holder)
    if rollout is not None:
        return not rollout.state.ended
    made = made_at(holder)
    return made is not None and services.now() < made + CLAIM_GRACE


def claim(services: Services, name: str, rollout_id: str) -> None:
    """Reserve the pool for this rollout by one conditional write, so that of two requests exactly one wins.

    Raises NotFound, Conflict with the id of the rollout that holds the pool.
    """

    def decide(pool: Pool) -> Pool:
        refuse_second(services, pool, rollout_id)
        return pool.model_copy(update={"running_rollout": rollout_id})

    change(services.pools, (POOLS, name), decide, describe="pool")


def release_claim(services: Services, name: str, rollout_id: str) -> None:
    """Release the pool if this rollout holds it."""
    try:
        pool = services.pools.find(POOLS, name)
        if pool and pool.running_rollout == rollout_id:
            services.pools.replace(pool.model_copy(update={"running_rollout": ""}))
    except FreshcoatError:
        _log.warning(
            "The claim of rollout %s on pool %s could not be released; it expires in a minute.", rollout_id, name
        )
