"""Reserves a pool for at most one rollout that has not ended, by one conditional write of the pool's row."""

from __future__ import annotations

import logging
from datetime import timedelta
from math import ceil

from shared.core.errors import AzureBusy, Conflict, FreshcoatError
from shared.core.ids import made_at
from shared.core.wording import free_again
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.pools.settlement import apply_outcome_to_pool
from shared.records.change import change
from shared.records.pools import find_pool
from shared.services import POOLS, ROLLOUTS, Services

_log = logging.getLogger(__name__)

CLAIM_GRACE = timedelta(seconds=20)
"""How long a claim is valid without the rollout's row, whose write takes so long at the most (`tables/open.py`).
Afterwards the next request takes it over: a request that is still slower than that finds out."""


def free_pool(services: Services, name: str) -> Pool:
    """The pool, after applying the outcome of its last rollout, which may just have ended. Raises NotFound."""
    pool = find_pool(services, name)
    last = services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
    if last is None or not last.state.ended:
        return pool
    apply_outcome_to_pool(services, last)
    return find_pool(services, name)


def refuse_second(services: Services, pool: Pool, rollout_id: str = "") -> None:
    """Raises Conflict, unless the pool is free or `rollout_id` holds it.

    The error names the rollout that runs on the pool, or says when the pool is free if another request is reserving it.
    """
    if pool.running_rollout == rollout_id:
        return
    if rollout := open_rollout(services, pool):
        text = f"Rollout {rollout.id} runs on pool {pool.name}; wait for its end or cancel it."
        raise Conflict(text, rollout=rollout.id)


def open_rollout(services: Services, pool: Pool) -> Rollout | None:
    """The rollout that holds the pool, or None.

    Raises Conflict while the claim of the pool has no rollout yet, but may be about to get one. Its row is read once:
    of two reads, the first may come before it is written and the second after it.
    """
    if not pool.running_rollout:
        return None
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout)
    if rollout is None and (left := seconds_left(services, pool)):
        text = f"Pool {pool.name} is being reserved by another request. {free_again(left)}"
        raise Conflict(text, retry_after=left)
    return rollout if rollout and not rollout.state.ended else None


def is_valid(services: Services, pool: Pool) -> bool:
    """Whether the pool's claim is valid: its rollout has not ended, or its row may still be about to be written."""
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
    return not rollout.state.ended if rollout else seconds_left(services, pool) > 0


def seconds_left(services: Services, pool: Pool) -> int:
    """For how long the pool's claim is valid without a rollout's row; 0: it lapsed, or there is none."""
    made = made_at(pool.running_rollout)
    if made is None:
        return 0
    # The id may have been chosen long before, by a task that waited for the pool.
    claimed_at = max(made, pool.claimed_at or made)
    return max(0, ceil((claimed_at + CLAIM_GRACE - services.now()).total_seconds()))


def claim(services: Services, name: str, rollout_id: str, account: str = "") -> None:
    """Reserve the pool for this rollout by one conditional write, so that of two requests exactly one wins.

    `account`: whose pool the rollout was asked for; empty: it is not known. If only the response is lost, the pool is
    reserved. Raises NotFound, Conflict (see `refuse_second`; or the pool belongs to another account), AzureBusy.
    """

    def decide(pool: Pool) -> Pool:
        if account and pool.account != account:
            raise Conflict("The pool belongs to another account now. Start a new rollout.")
        refuse_second(services, pool, rollout_id)
        return pool.model_copy(update={"running_rollout": rollout_id, "claimed_at": services.now()})

    try:
        change(services.pools, (POOLS, name), decide, describe="pool")
    except AzureBusy:
        if find_pool(services, name).running_rollout != rollout_id:
            raise


def release_claim(services: Services, name: str, rollout_id: str) -> None:
    """Release the pool if this rollout holds it."""
    try:
        pool = services.pools.find(POOLS, name)
        if pool and pool.running_rollout == rollout_id:
            services.pools.replace(pool.model_copy(update={"running_rollout": ""}))
    except FreshcoatError:
        _log.warning(
            "The claim of rollout %s on pool %s could not be released; it expires in %s.", rollout_id, name, CLAIM_GRACE
        )
