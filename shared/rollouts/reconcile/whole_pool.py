"""One look at a pool: gather, decide, apply, record. The heart of a rollout, run again and again until it ends.

Level-triggered: it starts from what Azure and the tables say now, never from what was once said. So a
lost event, a duplicate or a restart costs one look and nothing else.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from shared.caches.snapshots import RememberedSnapshot
from shared.core.codes import Code
from shared.core.errors import AzureBusy, AzureError, AzureRefused, NotFound, StaleRow
from shared.core.hrefs import pool_href, rollout_href
from shared.core.states import HostState, RolloutState
from shared.models.messages import message, quote
from shared.models.pools import Pool
from shared.models.rollouts import LastPass, Rollout, RolloutKind
from shared.planning.freshness import is_fresh
from shared.planning.host_time import measured_seconds
from shared.planning.plan import plan
from shared.planning.values import Plan, Snapshot
from shared.ports.engine import Engine
from shared.rollouts.reconcile.answer import PassResult, limits_of, next_pass_at
from shared.rollouts.reconcile.execute import PlanExecutor
from shared.rollouts.reconcile.record import record
from shared.rollouts.reconcile.snapshot import PoolSnapshot, read_snapshot
from shared.rollouts.reconcile.start_hosts import fence_rollout, save, start_hosts
from shared.rollouts.refresh.context import RefreshContext, forget_gone, load_refresh_context
from shared.rollouts.refresh.exclusion import signal_refresh
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.rollout_progress import is_not_updated

log = logging.getLogger("freshcoat.look")

MAX_DEFERRAL_GAPS, DEFERRAL_GAPS_PER_HOST = 15.0, 0.01
"""Reading a pool costs reads by its size, so what is news for nobody else waits: so many gaps."""
FLUSH_SHARE = 0.5
"""Of the hosts in work: when so many are through, the next ones are begun without waiting for more. The others keep
the workers busy while the pool is read."""


def reconcile_whole_pool(services: Services, engine: Engine, rollout_id: str, run: int) -> PassResult:
    """Look once, as the engine instance number `run` of this rollout.

    Ends at once when the rollout has ended or another run drives it. Raises NotFound for an unknown rollout.
    """
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    if rollout is None:
        raise NotFound("rollout", rollout_id)
    if rollout.state.ended or rollout.engine_run != run:
        return PassResult(ended=True, state=rollout.state)
    pool = services.pools.find(POOLS, rollout.pool)
    if pool is None:
        raise NotFound("pool", rollout.pool)
    if rollout.kind is not RolloutKind.REFRESH and pool.running_rollout != rollout.id:
        return _superseded(services, rollout, pool)
    now = services.now()
    try:
        read = _read(services, rollout, pool, now)
    except AzureBusy as busy:
        log.warning("rollout %s: the pool cannot be read now: %s", rollout.id, busy)
        wait = busy.retry_after or services.settings.azure_pause
        return PassResult(ended=False, state=rollout.state, next_pass_at=now + timedelta(seconds=wait))
    except AzureRefused as error:
        return _unreadable(services, rollout, error, now)
    if read is None:
        return PassResult(ended=False, state=rollout.state, next_pass_at=now)
    rollout, refresh_context, pool_now = read
    decided = plan(pool_now.snapshot, rollout.policy, now, limits=limits_of(services))
    written = fence_rollout(services, rollout, decided)
    if written is None:
        return PassResult(ended=False, state=rollout.state, next_pass_at=now)
    rollout = written
    executor = PlanExecutor(services, rollout, pool, {view.name: view.row for view in pool_now.snapshot.hosts})
    taken = executor.execute(decided, pool_now.snapshot)
    save(services, pool_now.stored, executor.rows)
    if refresh_context:
        forget_gone(services, rollout, pool_now.stored, executor.rows)
    start_hosts(services, engine, taken, executor.rows, new_run=rollout.adopted_run != run, now=now)
    answer = _answer(services, rollout, decided, pool_now, executor, refresh_context)
    if pool_now.refresh_holds.drained or (answer.ended and not refresh_context):
        signal_refresh(services, engine, pool, f"rollout {rollout.id} is {answer.state}")
    return answer


def _read(
    services: Services, rollout: Rollout, pool: Pool, now: datetime
) -> tuple[Rollout, RefreshContext | None, PoolSnapshot] | None:
    """The input of this pass, with a context for a refresh; None: the refresh's row has just changed.

    Raises AzureError.
    """
    if rollout.kind is not RolloutKind.REFRESH:
        return rollout, None, read_snapshot(services, rollout, pool, now)
    try:
        refresh_context = load_refresh_context(services, rollout, pool, now)
    except StaleRow:
        return None
    if refresh_context is None:
        return None
    return (
        refresh_context.rollout,
        refresh_context,
        read_snapshot(services, refresh_context.rollout, pool, now, refresh_context),
    )


def _superseded(services: Services, rollout: Rollout, pool: Pool) -> PassResult:
    """The pool is another rollout's: a claim that was taken for a dead one's. Two must never work on one pool."""
    log.error("rollout %s: the pool is held by %r, so it ends", rollout.id, pool.running_rollout)
    text = "This rollout ended because another rollout now holds the pool."
    note = message(Code.POOL_LOST, text, href=rollout_href(pool.running_rollout) if pool.running_rollout else None)
    ended = rollout.model_copy(update={"state": RolloutState.FAILED, "note": note, "ended_at": services.now()})
    services.rollouts.replace(ended)
    return PassResult(ended=True, state=ended.state)


def _unreadable(services: Services, rollout: Rollout, error: AzureError, now: datetime) -> PassResult:
    """The pool cannot be read for a reason that does not pass by itself: say so and keep looking, slowly."""
    log.error("rollout %s: the pool cannot be read: %s", rollout.id, error)
    note = message(Code.POOL_UNREADABLE, f"The pool cannot be read: {quote(str(error))}.", href=pool_href(rollout.pool))
    rollout = record(services, rollout.id, note=note)
    wait = max(services.settings.azure_pause, rollout.policy.poll_seconds)
    return PassResult(ended=False, state=rollout.state, next_pass_at=now + timedelta(seconds=wait))


def _answer(
    services: Services,
    rollout: Rollout,
    decided: Plan,
    pool_now: PoolSnapshot,
    executor: PlanExecutor,
    refresh_context: RefreshContext | None,
) -> PassResult:
    """Record what was seen and done on the rollout's row, and say when to look again."""
    now, snapshot = services.now(), pool_now.snapshot
    # What was just drained or signed out settles from now on, so the moment of the next look follows from it.
    after = snapshot.with_rows(executor.rows)
    if decided.becomes and decided.becomes.ended and not all(view.row.state.ended for view in after.hosts):
        decided = replace(decided, becomes=None)  # some hosts could not be brought to their end in this look
    next_at = next_pass_at(services, decided, after, rollout, now) if decided.next_pass_at else None
    if executor.applied.left_over or decided.force_at:
        next_at = now
    elif executor.applied.busy:
        pause = executor.applied.retry_after or services.settings.azure_pause
        next_at = min(next_at or now + timedelta(seconds=pause), now + timedelta(seconds=pause))
    recorded = record(
        services,
        rollout.id,
        planned_from=rollout,
        decided=decided,
        seen=_last_pass(rollout, snapshot, after, now, refreshes=refresh_context is not None),
        counts=after.counts,
        signed_out=sum(len(row.signed_out) for row in executor.rows.values()),
        host_seconds=measured_seconds(executor.rows.values()),
        also=_also(pool_now, refresh_context),
    )
    if recorded.state.ended:
        services.snapshots.forget(rollout.id)
        services.host_rows.forget(rollout.id)
        return PassResult(ended=True, state=recorded.state)
    if recorded.state is not rollout.state and decided.becomes is None:
        next_at = now  # somebody paused, resumed or cancelled it meanwhile
    if pool_now.may_be_glanced_at:
        services.snapshots.keep(RememberedSnapshot(recorded, after, now))
    deferral = min(MAX_DEFERRAL_GAPS, len(after.hosts) * DEFERRAL_GAPS_PER_HOST) * timedelta(
        seconds=services.settings.reconcile_gap
    )
    return PassResult(
        ended=False,
        state=recorded.state,
        next_pass_at=next_at or now,
        deferral=deferral,
        flush_after=_flush_after(after),
    )


def _flush_after(after: Snapshot) -> int:
    """How many hosts that are through call for a look at once; 0: they never do, nobody waits for their places."""
    states = [view.row.state for view in after.hosts]
    in_work = sum(state.in_work for state in states)
    waits = any(not (state.in_work or state.ended) for state in states)
    return max(1, ceil(FLUSH_SHARE * in_work)) if waits else 0


def _last_pass(rollout: Rollout, before: Snapshot, after: Snapshot, now: datetime, *, refreshes: bool) -> LastPass:
    """What is kept of a look on the rollout's row. Of a refresh, a host that has left the pool is forgotten."""
    there = [view for view in after.hosts if not (refreshes and view.row.state is HostState.SKIPPED)]
    waiting = (view for view in after.hosts if not (view.row.state.ended or view.row.state.in_work))
    return LastPass(
        at=now,
        hosts=len(there),
        accepting=sum(1 for view in before.hosts if view.serving),
        sessions=before.open_sessions,
        sessions_to_end=sum(view.sessions for view in waiting),
        not_updated=sum(is_not_updated(rollout, view.row) for view in after.hosts),
        fresh=sum(is_fresh(view.row) for view in there) if refreshes else 0,
    )


def _also(pool_now: PoolSnapshot, refresh_context: RefreshContext | None) -> dict[str, object]:
    """What rollout and refresh of a pool note about each other."""
    if refresh_context:
        return {"counted_rollout": refresh_context.counted} if refresh_context.counted else {}
    return {"alone": pool_now.alone}
