"""Taking up what nobody drives: rollouts the tables call running while the engine has lost them."""

from __future__ import annotations

import logging
from datetime import timedelta

from shared.core.errors import FreshcoatError, NewerRow, StaleRow
from shared.core.states import RolloutState, transition_rollout
from shared.models.pools import Pool, Refresh
from shared.models.rollouts import Rollout
from shared.pools.claim import CLAIM_GRACE
from shared.pools.settlement import apply_outcome_to_pool
from shared.ports.engine import Engine
from shared.rollouts.refresh.lifecycle import keep_refresh
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger("freshcoat.recovery")

PAGE = 500

RECENT = 50
"""Rollouts, newest first, among which those without a pool are looked for: they turn up soon after they were made."""


def resume_lost(services: Services, engine: Engine) -> list[str]:
    """Start every rollout that is not ended and has no living engine instance again; their ids.

    The tables decide: a pool's claim names its rollout. A rollout younger or seen less long ago than
    `resume_after` is left alone, since its first instance may just be starting. A rollout that has ended while
    its pool is still claimed (a crash in between) releases the pool. An open one that no pool is claimed for ends.
    So it is with the refresh of each pool; one that a pool asks for and that is missing is begun.
    """
    resumed: list[str] = []
    pools = _pools(services)
    for pool in pools:
        try:
            _resume_on(services, engine, pool, resumed)
        except NewerRow as error:
            log.error("pool %s is passed over: %s", pool.name, error)
    _end_unclaimed(services, {claim for pool in pools for claim in (pool.running_rollout, pool.refresh_rollout)})
    return resumed


def _resume_on(services: Services, engine: Engine, pool: Pool, resumed: list[str]) -> None:
    """Start the pool's rollout and its refresh again, if nothing drives them, and add their ids to `resumed`."""
    rollout = _running(services, pool)
    for lost in (rollout, _refreshing(services, engine, pool)):
        if lost and _silent(services, lost) and not engine.rollout_alive(lost.id, lost.engine_run):
            _start_again(services, engine, lost)
            resumed.append(lost.id)


def _running(services: Services, pool: Pool) -> Rollout | None:
    """The open rollout that holds the pool, if there is one; the end of another one is settled."""
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
    if rollout is None:
        return None  # nothing, or a request that is just being accepted, or died: the next one takes the claim over
    if rollout.state.ended:
        apply_outcome_to_pool(services, rollout)
        return None
    return rollout


def _refreshing(services: Services, engine: Engine, pool: Pool) -> Rollout | None:
    """The pool's open refresh, begun if it is missing. Trouble with one pool must not keep the others waiting."""
    standing = services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None
    missing = pool.refresh is not Refresh.OFF and (standing is None or standing.state.ended)
    if missing:
        try:
            standing = keep_refresh(services, engine, pool.name)
        except FreshcoatError as error:
            log.warning("pool %s is not refreshed: %s", pool.name, error)
    return standing if standing and not standing.state.ended else None


def _pools(services: Services) -> list[Pool]:
    pools: list[Pool] = []
    continuation: str | None = None
    while True:
        page = services.pools.page(POOLS, limit=PAGE, continuation=continuation)
        pools += page.rows
        continuation = page.continuation
        if continuation is None:
            return pools


def _end_unclaimed(services: Services, claims: set[str]) -> None:
    """End recent rollouts that are open while their pool is not theirs: nobody may drive them.

    So is one whose row was written after its claim had lapsed, or whose pool was unregistered before. Within
    CLAIM_GRACE it may be about to find that out by itself.
    """
    oldest = services.now() - CLAIM_GRACE
    for rollout in services.rollouts.page(ROLLOUTS, limit=RECENT).rows:
        if rollout.state.ended or rollout.id in claims or rollout.created_at > oldest:
            continue
        pool = services.pools.find(POOLS, rollout.pool)
        if pool is None or rollout.id not in {pool.running_rollout, pool.refresh_rollout}:
            _end(services, rollout)


def _end(services: Services, rollout: Rollout) -> None:
    cancelling = rollout.state is RolloutState.CANCELLING
    to = RolloutState.CANCELLED if cancelling else RolloutState.FAILED
    note = rollout.note if cancelling else "Its pool is not held for it, so nothing may drive it. Ask again."
    state = transition_rollout(rollout.id, rollout.state, to)
    try:
        services.rollouts.replace(
            rollout.model_copy(update={"state": state, "note": note, "resume_to": None, "ended_at": services.now()})
        )
    except StaleRow:
        return  # it has changed since, so it is looked at anew next time
    except NewerRow as error:
        log.error("rollout %s is passed over: %s", rollout.id, error)
        return
    log.error("rollout %s was open, but pool %s is not held for it: %s", rollout.id, rollout.pool, state.value)


def _silent(services: Services, rollout: Rollout) -> bool:
    last = max(rollout.created_at, rollout.last_pass.at if rollout.last_pass else rollout.created_at)
    return services.now() >= last + timedelta(seconds=services.settings.resume_after)


def _start_again(services: Services, engine: Engine, rollout: Rollout) -> None:
    """A new run under a new number: an old instance that comes back to life after all finds that it is not it."""
    try:
        again = services.rollouts.replace(rollout.model_copy(update={"engine_run": rollout.engine_run + 1}))
    except StaleRow:
        return
    log.warning("rollout %s of %s was driven by nobody and is taken up again", rollout.id, rollout.pool)
    engine.start_rollout(again.id, again.engine_run)
