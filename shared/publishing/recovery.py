"""Taking up what nobody drives: rollouts the tables call running while the engine has lost them."""

from __future__ import annotations

import logging
from datetime import timedelta

from shared.errors import StaleRow
from shared.models.pools import Pool
from shared.models.rollouts import Rollout
from shared.ports import Engine
from shared.publishing.record import settle_pool
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger("freshcoat.recovery")

PAGE = 500


def resume_lost(services: Services, engine: Engine) -> list[str]:
    """Start every rollout that is not ended and has no living engine instance again; their ids.

    The tables decide: a pool's claim names its rollout. A rollout younger or seen less long ago than
    `resume_after` is left alone, since its first instance may just be starting. A rollout that has ended while
    its pool is still claimed (a crash in between) releases the pool.
    """
    resumed = []
    for pool in _claimed_pools(services):
        rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout)
        if rollout is None:
            continue  # a request that is just being accepted, or died: the next request takes the claim over
        if rollout.state.ended:
            settle_pool(services, rollout)
        elif _silent(services, rollout) and not engine.rollout_alive(rollout.id, rollout.engine_run):
            _start_again(services, engine, rollout)
            resumed.append(rollout.id)
    return resumed


def _claimed_pools(services: Services) -> list[Pool]:
    claimed: list[Pool] = []
    continuation: str | None = None
    while True:
        page = services.pools.page(POOLS, limit=PAGE, continuation=continuation)
        claimed += [pool for pool in page.rows if pool.running_rollout]
        continuation = page.continuation
        if continuation is None:
            return claimed


def _silent(services: Services, rollout: Rollout) -> bool:
    last = max(rollout.created_at, rollout.look.at if rollout.look else rollout.created_at)
    return services.now() >= last + timedelta(seconds=services.settings.resume_after)


def _start_again(services: Services, engine: Engine, rollout: Rollout) -> None:
    """A new run under a new number: an old instance that comes back to life after all finds that it is not it."""
    try:
        again = services.rollouts.replace(rollout.model_copy(update={"engine_run": rollout.engine_run + 1}))
    except StaleRow:
        return
    log.warning("rollout %s of %s was driven by nobody and is taken up again", rollout.id, rollout.pool)
    engine.start_rollout(again.id, again.engine_run)
