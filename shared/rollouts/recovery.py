"""Restarts open rollouts that the engine has lost, tells suspended ones, and ends those that hold no pool."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.errors import FreshcoatError, NewerRow, StaleRow
from shared.models.messages import message
from shared.models.pools import Pool, Refresh
from shared.models.rollouts import Rollout
from shared.pools.settlement import apply_outcome_to_pool
from shared.ports.engine import Engine
from shared.rollouts.hosts.lost_hosts import search_lost_hosts
from shared.rollouts.reconcile.without_claim import end_without_claim
from shared.rollouts.refresh.lifecycle import ensure_refresh
from shared.services import POOLS, ROLLOUTS, Services
from shared.workflow.signs_of_life import is_quiet, is_silent

log = logging.getLogger("freshcoat.recovery")

_POOL_LOST = message(
    Code.POOL_LOST, "The pool is no longer reserved for this rollout, so it cannot continue. Start a new one."
)


REQUEST_TAKES = timedelta(minutes=1)
"""How long a request may take that has written a rollout: it may be about to end it itself."""
RECENT = 50
"""How many of the newest rollouts are checked for a missing pool: a rollout loses its pool soon after its creation."""


def resume_lost(services: Services, engine: Engine) -> list[str]:
    """Restart every open rollout that has no live engine instance; return their ids.

    The tables are authoritative: a pool's claim names its rollout. One that has shown life within `resume_after` is
    left alone: its instance may just be starting, or be another function host's. An ended rollout that still holds its
    pool (after a crash) releases it. An open rollout that holds no pool is ended. The same holds for each pool's
    refresh; a missing refresh is started.
    """
    resumed: list[str] = []
    pools = list(services.pools.each(POOLS))
    for pool in pools:
        try:
            _resume_on(services, engine, pool, resumed)
        except NewerRow as error:
            log.error("pool %s is skipped: %s", pool.name, error)
    _end_unclaimed(
        services, engine, {claim for pool in pools for claim in (pool.running_rollout, pool.refresh_rollout)}
    )
    return resumed


def _resume_on(services: Services, engine: Engine, pool: Pool, resumed: list[str]) -> None:
    """Restart the pool's rollout and its refresh if the engine lost them, and add their ids to `resumed`."""
    rollout = _running(services, pool)
    for driven in (rollout, _refreshing(services, engine, pool)):
        if driven is None or not is_quiet(services, *_signs_of_life(driven)):
            continue
        if engine.rollout_alive(driven.id, driven.engine_run):
            _note_life(services, driven, suspended=engine.rollout_suspended(driven.id, driven.engine_run))
        elif is_silent(services, *_signs_of_life(driven)):
            _restart(services, engine, driven)
            resumed.append(driven.id)


def _signs_of_life(rollout: Rollout) -> tuple[datetime | None, ...]:
    progress = rollout.progress
    return rollout.created_at, progress.alive_at, progress.last_pass.at if progress.last_pass else None


def _note_life(services: Services, rollout: Rollout, *, suspended: bool) -> None:
    """Record that the orchestration is alive, and whether somebody suspended it. Resuming it is left to them."""
    since = (rollout.progress.suspended_since or services.now()) if suspended else None
    if since and not rollout.progress.suspended_since:
        log.error("the orchestration of rollout %s is suspended; resume it", rollout.id)
    progress = rollout.progress.replace(suspended_since=since, alive_at=services.now())
    with suppress(StaleRow):
        services.rollouts.replace(rollout.model_copy(update={"progress": progress}))


def search_pools(services: Services) -> list[str]:
    """Search for lost hosts in each pool without a running rollout, which does it itself; return their names.

    Storage that fails over may have lost what was written about a host after its rollout had ended.
    """
    return [host for pool in services.pools.each(POOLS) for host in sorted(_search(services, pool))]


def _search(services: Services, pool: Pool) -> frozenset[str]:
    last = services.rollouts.find(ROLLOUTS, pool.last_rollout) if pool.last_rollout else None
    if pool.running_rollout or (last is None and not pool.refresh_rollout):
        return frozenset()
    return search_lost_hosts(services, pool, last, services.hosts.all(last.id) if last else ())


def _running(services: Services, pool: Pool) -> Rollout | None:
    """The open rollout that holds the pool, if any; an ended one is settled, which releases the pool."""
    rollout = services.rollouts.find(ROLLOUTS, pool.running_rollout) if pool.running_rollout else None
    if rollout is None:
        return None  # no claim, or a request is being accepted, or it crashed: the next request takes the claim over
    if rollout.state.ended:
        apply_outcome_to_pool(services, rollout)
        return None
    return rollout


def _refreshing(services: Services, engine: Engine, pool: Pool) -> Rollout | None:
    """The pool's open refresh, started if it is missing. An error on one pool must not stop the others."""
    refresh = services.rollouts.find(ROLLOUTS, pool.refresh_rollout) if pool.refresh_rollout else None
    missing = pool.refresh is not Refresh.OFF and (refresh is None or refresh.state.ended)
    if missing:
        try:
            refresh = ensure_refresh(services, engine, pool.name)
        except FreshcoatError as error:
            log.warning("pool %s is not refreshed: %s", pool.name, error)
    return refresh if refresh and not refresh.state.ended else None


def _end_unclaimed(services: Services, engine: Engine, claims: set[str]) -> None:
    """End recent rollouts that are open but do not hold their pool, since they must not change it.

    This happens when the row was written after the claim had lapsed, or when the pool was unregistered before. Rollouts
    younger than REQUEST_TAKES are skipped.
    """
    oldest = services.now() - REQUEST_TAKES
    for rollout in services.rollouts.page(ROLLOUTS, limit=RECENT).rows:
        if rollout.state.ended or rollout.id in claims or rollout.created_at > oldest:
            continue
        pool = services.pools.find(POOLS, rollout.pool)
        if pool is None or rollout.id not in {pool.running_rollout, pool.refresh_rollout}:
            _end(services, engine, rollout, pool)


def _end(services: Services, engine: Engine, rollout: Rollout, pool: Pool | None) -> None:
    try:
        end_without_claim(services, engine, rollout, pool, _POOL_LOST)
    except StaleRow:
        return  # somebody changed it in the meantime; the next run checks it again
    except NewerRow as error:
        log.error("rollout %s is skipped: %s", rollout.id, error)


def _restart(services: Services, engine: Engine, rollout: Rollout) -> None:
    """Start a new run with a new number; an old instance that is still alive sees the number and stops."""
    progress = rollout.progress.replace(suspended_since=None, alive_at=services.now())
    changes = {"engine_run": rollout.engine_run + 1, "progress": progress}
    try:
        again = services.rollouts.replace(rollout.model_copy(update=changes))
    except StaleRow:
        return
    log.warning("rollout %s of pool %s had no live engine instance and is restarted", rollout.id, rollout.pool)
    engine.start_rollout(again.id, again.engine_run)
