"""One reconcile pass over a whole pool: read, decide, act, record. It runs again and again until the rollout ends.

Level-triggered: a pass starts from the present state of Azure and the tables, never from earlier events. A lost event,
a duplicate or a restart therefore costs one pass and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from shared.access.two_people.rollouts import why_not_due, why_waits
from shared.caches.snapshots import RememberedSnapshot
from shared.core.codes import Code
from shared.core.errors import AzureError, NotFound, StaleRow
from shared.core.hrefs import rollout_href
from shared.core.states import HostState, RolloutState
from shared.history.host_events import ends_of_hosts, people_told
from shared.models.messages import message
from shared.models.pools import Pool
from shared.models.rollout_parts import Checks, Exclusion, LastPass
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.planning.budget import ramp
from shared.planning.forecast import forecast
from shared.planning.freshness import is_fresh
from shared.planning.host_time import measured_seconds
from shared.planning.plan import plan
from shared.planning.proof import newest_proof
from shared.planning.values import HostView, Plan, Snapshot
from shared.ports.engine import Engine
from shared.records.unreadable_pools import note_reading
from shared.rollouts.preflight.repeat import awaiting, begins_something
from shared.rollouts.reconcile.answer import PassResult, limits_of, next_pass_at
from shared.rollouts.reconcile.at_once import at_once
from shared.rollouts.reconcile.check_again import checked
from shared.rollouts.reconcile.ending import may_end
from shared.rollouts.reconcile.execute import PlanExecutor
from shared.rollouts.reconcile.record import PassRecord, record
from shared.rollouts.reconcile.snapshot import PoolSnapshot, read_snapshot
from shared.rollouts.reconcile.start_hosts import fence_rollout, save, save_new, start_hosts
from shared.rollouts.reconcile.unreadable import pass_unread
from shared.rollouts.reconcile.within_caps import why_hosts_wait
from shared.rollouts.reconcile.without_claim import end_without_claim
from shared.rollouts.refresh.context import (
    RefreshContext,
    forget_gone,
    load_refresh_context,
    read_refresh_setting,
    update_refresh_row,
)
from shared.rollouts.refresh.exclusion import signal_refresh
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.rollout_progress import is_not_updated, versions_of

log = logging.getLogger("freshcoat.reconcile")

MAX_DEFERRAL_GAPS, DEFERRAL_GAPS_PER_HOST = 15.0, 0.01
"""Reading a pool gets dearer with its size, so deferrable events wait this many multiples of `reconcile_gap`."""
FLUSH_SHARE = 0.5
"""Fraction of the hosts in work that must finish before the next batch starts. The others keep the workers busy while
the pool is read."""


@dataclass(frozen=True)
class _Input:
    """What one pass works from. `refresh_context` is there for a refresh only; `rollout` is up to date with it."""

    rollout: Rollout
    pool: Pool
    pool_now: PoolSnapshot
    refresh_context: RefreshContext | None = None
    checks: Checks | None = None
    """What the rollout's row records of its checks after this pass; None: the same."""


def reconcile_whole_pool(services: Services, engine: Engine, rollout_id: str, run: int) -> PassResult:
    """Run one pass, as the engine instance number `run` of this rollout.

    Does nothing when the rollout has ended or another run drives it. Raises NotFound for an unknown rollout or pool.
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
        return _superseded(services, engine, rollout, pool)
    now = services.now()
    try:
        given = _read(services, rollout, pool, now)
    except AzureError as error:
        return pass_unread(services, engine, rollout, pool, run, error)
    if given is None:
        return PassResult(ended=False, state=rollout.state, next_pass_at=now)
    note_reading(services, pool, None)
    return _decide_and_act(services, engine, given, run, now)


def _read(services: Services, rollout: Rollout, pool: Pool, now: datetime) -> _Input | None:
    """The input of this pass; None if the refresh's row has just changed. Raises AzureError."""
    if rollout.kind is not RolloutKind.REFRESH:
        return _Input(rollout, pool, read_snapshot(services, rollout, pool, now))
    setting = read_refresh_setting(services, rollout, pool, now)
    try:
        if update_refresh_row(services, rollout, setting):
            return None
    except StaleRow:
        return None
    context = load_refresh_context(services, rollout, pool, setting)
    return _Input(context.rollout, pool, read_snapshot(services, context.rollout, pool, now, context), context)


def _superseded(services: Services, engine: Engine, rollout: Rollout, pool: Pool) -> PassResult:
    """Another rollout holds the pool because our claim was taken for abandoned. Two must never share a pool: stop."""
    log.error("rollout %s: the pool is held by %r, so it ends", rollout.id, pool.running_rollout)
    text = "This rollout ended because another rollout now holds the pool."
    note = message(Code.POOL_LOST, text, href=rollout_href(pool.running_rollout) if pool.running_rollout else None)
    state = end_without_claim(services, engine, rollout, pool, note)
    if state.ended:
        return PassResult(ended=True, state=state)
    again = services.now() + timedelta(seconds=services.settings.azure_pause)
    return PassResult(ended=False, state=state, next_pass_at=again)


def _decide_and_act(services: Services, engine: Engine, given: _Input, run: int, now: datetime) -> PassResult:
    """Plan on the snapshot, carry the plan out, start the hosts, and record the pass."""
    pool_now = given.pool_now
    planned = plan(pool_now.snapshot, given.rollout.policy, now, limits=limits_of(services))
    if given.rollout.state is RolloutState.SCHEDULED:
        planned = _approved(services, given, planned)
    again = checked(services, given.rollout, given.pool, planned, now)
    decided, given = again.decided, replace(given, checks=again.changed(given.rollout))
    rows = {view.name: view.row for view in pool_now.snapshot.hosts}
    stored = pool_now.stored | save_new(services, pool_now.stored, rows)
    rollout = fence_rollout(services, given.rollout, decided)
    if rollout is None:
        return PassResult(ended=False, state=given.rollout.state, next_pass_at=now)
    executor = PlanExecutor(services, rollout, given.pool, rows)
    taken = executor.execute(decided, pool_now.snapshot)
    executor.applied.wait_for_azure(again.retry_after)
    decided = replace(decided, note=why_hosts_wait(decided, executor.rows.values()))
    save(services, stored, executor.rows)
    if given.refresh_context:
        forget_gone(services, rollout, pool_now.stored, executor.rows)
    start_hosts(services, engine, taken, executor.rows, new_run=rollout.progress.adopted_run != run, now=now)
    result = _record(services, replace(given, rollout=rollout), decided, executor, stored)
    if pool_now.refresh_holds.drained or (result.ended and not given.refresh_context):
        signal_refresh(services, engine, given.pool, f"rollout {rollout.id} is {result.state}")
    return result


def _approved(services: Services, given: _Input, planned: Plan) -> Plan:
    """The plan of a rollout that has changed no host, unless somebody must approve it first."""
    reason = why_waits(services, given.rollout, given.pool)
    if reason is None and (planned.becomes or begins_something(planned)):
        reason = why_not_due(services, given.rollout, given.pool)
    return awaiting(planned, reason) if reason else planned


def _record(
    services: Services, given: _Input, decided: Plan, executor: PlanExecutor, stored: Mapping[str, RolloutHost]
) -> PassResult:
    """Write the pass on the rollout's row, and say when the next one is due. `stored`: the host rows before it."""
    now, rollout = services.now(), given.rollout
    # A host that was just drained or signed out settles from now on, and the time of the next pass follows from that.
    after = given.pool_now.snapshot.with_rows(executor.rows)
    ends = decided.becomes is not None and decided.becomes.ended
    if ends and not may_end(services, rollout, given.pool, after, executor.rows):
        decided = replace(decided, becomes=None)
    told = (*people_told(rollout, stored, executor.rows, now), *ends_of_hosts(rollout, stored, executor.rows))
    recorded = record(services, replace(_pass_record(given, decided, after, executor, now), events=told))
    if recorded.state.ended:
        services.snapshots.forget(rollout.id)
        services.host_rows.forget(rollout.id)
        return PassResult(ended=True, state=recorded.state)
    if given.pool_now.may_be_reused:
        services.snapshots.keep(RememberedSnapshot(recorded, after, now))
    commanded = recorded.state is not rollout.state and decided.becomes is None
    return PassResult(
        ended=False,
        state=recorded.state,
        next_pass_at=now if commanded else _next_pass_at(services, rollout, decided, after, executor, now),
        deferral=_deferral(services, after),
        flush_after=_flush_after(after),
    )


def _pass_record(given: _Input, decided: Plan, after: Snapshot, executor: PlanExecutor, now: datetime) -> PassRecord:
    return PassRecord(
        planned_from=given.rollout,
        decided=decided,
        last_pass=_last_pass(given.rollout, decided, given.pool_now.snapshot, after, now),
        counts=after.counts,
        signed_out=sum(len(_gone(row, after)) for row in executor.rows.values()),
        host_seconds=measured_seconds(executor.rows.values()),
        exclusion=_exclusion(given),
        proof=newest_proof(given.rollout, given.pool, executor.rows.values()),
        checks=given.checks,
    )


def _gone(row: RolloutHost, snapshot: Snapshot) -> set[str]:
    """The sessions of the host whose sign-out worked: they were asked to end, and are not listed any more."""
    return set(row.signed_out) - {session.id for session in snapshot.sessions_by_host.get(row.host, ())}


def _next_pass_at(
    services: Services, rollout: Rollout, decided: Plan, after: Snapshot, executor: PlanExecutor, now: datetime
) -> datetime:
    """When the next pass is due: at once if this one left work undone, after a pause while Azure throttles us."""
    if executor.applied.left_over or decided.force_at or decided.others_force_at:
        return now
    due = next_pass_at(services, decided, after, rollout, now) if decided.next_pass_at else None
    if executor.applied.busy:
        paused = now + timedelta(seconds=executor.applied.retry_after or services.settings.azure_pause)
        return min(due or paused, paused)
    return due or now


def _deferral(services: Services, after: Snapshot) -> timedelta:
    """How long a deferrable event may wait for the next pass."""
    gaps = min(MAX_DEFERRAL_GAPS, len(after.hosts) * DEFERRAL_GAPS_PER_HOST)
    return gaps * timedelta(seconds=services.settings.reconcile_gap)


def _flush_after(after: Snapshot) -> int:
    """How many finished hosts justify a pass at once; 0: none do, because no host waits for a place."""
    states = [view.row.state for view in after.hosts]
    in_work = sum(state.in_work for state in states)
    waits = any(not (state.in_work or state.ended) for state in states)
    return max(1, ceil(FLUSH_SHARE * in_work)) if waits else 0


def _last_pass(rollout: Rollout, decided: Plan, before: Snapshot, after: Snapshot, now: datetime) -> LastPass:
    """The numbers that are shown until the next pass. A refresh leaves out hosts that have left the pool."""
    refreshes = rollout.kind is RolloutKind.REFRESH
    present = [view for view in after.hosts if not (refreshes and view.row.state is HostState.SKIPPED)]
    waiting = (view for view in after.hosts if not (view.row.state.ended or view.row.state.in_work))
    bound = at_once(after, rollout.policy, now)
    return LastPass(
        at=now,
        hosts=len(present),
        accepting=sum(1 for view in before.hosts if view.serving),
        sessions=before.open_sessions,
        sessions_to_end=sum(view.sessions for view in waiting),
        not_updated=sum(is_not_updated(rollout, view.row) for view in after.hosts),
        unproven=after.unproven,
        left_out=sum(view.left_out is not None and view.row.state is HostState.SKIPPED for view in after.hosts),
        fresh=sum(is_fresh(view.row) for view in present) if refreshes else 0,
        at_once=bound.hosts,
        bound_by=bound.name,
        bound_reason=bound.reason,
        unhealthy=sum(_is_unhealthy(view) for view in before.hosts),
        versions=versions_of(view.row for view in after.hosts),
        expected_end=forecast(rollout, [view.row for view in after.hosts], now).expected,
        batch=0 if refreshes else ramp(after, rollout.policy, now),
        window_closed=any(decision.reason.code == Code.WAITS_FOR_WINDOW for decision in decided.decisions),
    )


def _is_unhealthy(view: HostView) -> bool:
    return view.seen is not None and view.seen.unhealthy and not view.row.state.in_work


def _exclusion(given: _Input) -> Exclusion:
    """What a rollout and the refresh of its pool write about each other."""
    exclusion, refresh_context = given.rollout.exclusion, given.refresh_context
    if refresh_context is None:
        return exclusion.replace(alone=given.pool_now.alone)
    return exclusion.replace(counted_rollout=refresh_context.ended_rollout or exclusion.counted_rollout)
