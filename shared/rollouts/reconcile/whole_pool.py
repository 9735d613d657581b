"""One look at a pool: gather, decide, apply, record. The heart of a rollout, run again and again until it ends.

Level-triggered: it starts from what Azure and the tables say now, never from what was once said. So a
lost event, a duplicate or a restart costs one look and nothing else.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from shared.caches.snapshots import Sight
from shared.core.errors import AzureBusy, AzureError, NotFound, StaleRow
from shared.core.states import HostState, RolloutState
from shared.models.pools import Pool
from shared.models.rollouts import Look, Rollout, RolloutKind
from shared.planning.freshness import is_fresh
from shared.planning.host_time import measured
from shared.planning.plan import plan
from shared.planning.values import Plan, Snapshot
from shared.ports.engine import Engine
from shared.rollouts.reconcile.answer import LookAnswer, limits_of, look_again_at
from shared.rollouts.reconcile.execute import Hands
from shared.rollouts.reconcile.record import record
from shared.rollouts.reconcile.snapshot import Gathered, gather
from shared.rollouts.reconcile.start_hosts import begun, save, start_hosts
from shared.rollouts.refresh.context import Standing, forget_gone, standing_of
from shared.rollouts.refresh.exclusion import nudge_refresh
from shared.services import POOLS, ROLLOUTS, Services
from shared.views.rollout_progress import is_left

log = logging.getLogger("freshcoat.look")

MOST_CALM, CALM_PER_HOST = 15.0, 0.01
"""Reading a pool costs reads by its size, so what is news for nobody else waits: so many gaps."""
ENOUGH = 0.5
"""Of the hosts in work: when so many are through, the next ones are begun without waiting for more. The others keep
the workers busy while the pool is read."""


def look(services: Services, engine: Engine, rollout_id: str, run: int) -> LookAnswer:
    """Look once, as the engine instance number `run` of this rollout.

    Ends at once when the rollout has ended or another run drives it. Raises NotFound for an unknown rollout.
    """
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    if rollout is None:
        raise NotFound("rollout", rollout_id)
    if rollout.state.ended or rollout.engine_run != run:
        return LookAnswer(ended=True, state=rollout.state)
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
        return LookAnswer(ended=False, state=rollout.state, next_look=now + timedelta(seconds=wait))
    except AzureError as error:
        return _unreadable(services, rollout, error, now)
    if read is None:
        return LookAnswer(ended=False, state=rollout.state, next_look=now)
    rollout, standing, gathered = read
    decided = plan(gathered.snapshot, rollout.policy, now, limits=limits_of(services))
    written = begun(services, rollout, decided)
    if written is None:
        return LookAnswer(ended=False, state=rollout.state, next_look=now)
    rollout = written
    hands = Hands(services, rollout, pool, {view.name: view.row for view in gathered.snapshot.hosts})
    taken = hands.carry_out(decided, gathered.snapshot)
    save(services, gathered.stored, hands.rows)
    if standing:
        forget_gone(services, rollout, gathered.stored, hands.rows)
    start_hosts(services, engine, taken, hands.rows, new_run=rollout.adopted_run != run, now=now)
    answer = _answer(services, rollout, decided, gathered, hands, standing)
    if gathered.beside.drained or (answer.ended and not standing):
        nudge_refresh(services, engine, pool, f"rollout {rollout.id} is {answer.state}")
    return answer


def _read(
    services: Services, rollout: Rollout, pool: Pool, now: datetime
) -> tuple[Rollout, Standing | None, Gathered] | None:
    """What this look goes by, `standing` for a refresh; None: the refresh's row has just changed. Raises AzureError."""
    if rollout.kind is not RolloutKind.REFRESH:
        return rollout, None, gather(services, rollout, pool, now)
    try:
        standing = standing_of(services, rollout, pool, now)
    except StaleRow:
        return None
    if standing is None:
        return None
    return standing.rollout, standing, gather(services, standing.rollout, pool, now, standing)


def _superseded(services: Services, rollout: Rollout, pool: Pool) -> LookAnswer:
    """The pool is another rollout's: a claim that was taken for a dead one's. Two must never work on one pool."""
    log.error("rollout %s: the pool is held by %r, so it ends", rollout.id, pool.running_rollout)
    note = "It lost its pool to another rollout."
    ended = rollout.model_copy(update={"state": RolloutState.FAILED, "note": note, "ended_at": services.now()})
    services.rollouts.replace(ended)
    return LookAnswer(ended=True, state=ended.state)


def _unreadable(services: Services, rollout: Rollout, error: AzureError, now: datetime) -> LookAnswer:
    """The pool cannot be read for a reason that does not pass by itself: say so and keep looking, slowly."""
    log.error("rollout %s: the pool cannot be read: %s", rollout.id, error)
    rollout = record(services, rollout.id, note=f"The pool cannot be read: {error}")
    wait = max(services.settings.azure_pause, rollout.policy.poll_seconds)
    return LookAnswer(ended=False, state=rollout.state, next_look=now + timedelta(seconds=wait))


def _answer(
    services: Services, rollout: Rollout, decided: Plan, gathered: Gathered, hands: Hands, standing: Standing | None
) -> LookAnswer:
    """Record what was seen and done on the rollout's row, and say when to look again."""
    now, snapshot = services.now(), gathered.snapshot
    # What was just drained or signed out settles from now on, so the moment of the next look follows from it.
    after = snapshot.with_rows(hands.rows)
    if decided.becomes and decided.becomes.ended and not all(view.row.state.ended for view in after.hosts):
        decided = replace(decided, becomes=None)  # some hosts could not be brought to their end in this look
    next_at = look_again_at(services, decided, after, rollout, now) if decided.next_look else None
    if hands.applied.left_over or decided.force_at:
        next_at = now
    elif hands.applied.busy:
        pause = hands.applied.retry_after or services.settings.azure_pause
        next_at = min(next_at or now + timedelta(seconds=pause), now + timedelta(seconds=pause))
    recorded = record(
        services,
        rollout.id,
        planned_from=rollout,
        decided=decided,
        seen=_as_seen(rollout, snapshot, after, now, refreshes=standing is not None),
        counts=after.counts,
        signed_out=sum(len(row.signed_out) for row in hands.rows.values()),
        host_seconds=measured(hands.rows.values()),
        also=_also(gathered, standing),
    )
    if recorded.state.ended:
        services.sights.forget(rollout.id)
        services.known_rows.forget(rollout.id)
        return LookAnswer(ended=True, state=recorded.state)
    if recorded.state is not rollout.state and decided.becomes is None:
        next_at = now  # somebody paused, resumed or cancelled it meanwhile
    if gathered.may_be_glanced_at:
        services.sights.keep(Sight(recorded, after, now))
    calm = min(MOST_CALM, len(after.hosts) * CALM_PER_HOST) * timedelta(seconds=services.settings.look_gap)
    return LookAnswer(ended=False, state=recorded.state, next_look=next_at or now, calm=calm, enough=_enough_of(after))


def _enough_of(after: Snapshot) -> int:
    """How many hosts that are through call for a look at once; 0: they never do, nobody waits for their places."""
    states = [view.row.state for view in after.hosts]
    in_work = sum(state.in_work for state in states)
    waits = any(not (state.in_work or state.ended) for state in states)
    return max(1, ceil(ENOUGH * in_work)) if waits else 0


def _as_seen(rollout: Rollout, before: Snapshot, after: Snapshot, now: datetime, *, refreshes: bool) -> Look:
    """What is kept of a look on the rollout's row. Of a refresh, a host that has left the pool is forgotten."""
    there = [view for view in after.hosts if not (refreshes and view.row.state is HostState.SKIPPED)]
    waiting = (view for view in after.hosts if not (view.row.state.ended or view.row.state.in_work))
    return Look(
        at=now,
        hosts=len(there),
        accepting=sum(1 for view in before.hosts if view.serving),
        sessions=before.open_sessions,
        sessions_to_end=sum(view.sessions for view in waiting),
        left=sum(is_left(rollout, view.row) for view in after.hosts),
        fresh=sum(is_fresh(view.row) for view in there) if refreshes else 0,
    )


def _also(gathered: Gathered, standing: Standing | None) -> dict[str, object]:
    """What rollout and refresh of a pool note about each other."""
    if standing:
        return {"counted_rollout": standing.counted} if standing.counted else {}
    return {"alone": gathered.alone}
