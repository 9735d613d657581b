"""One look at a pool: gather, decide, apply, record. The heart of a rollout, run again and again until it ends.

Level-triggered: it starts from what Azure and the tables say now, never from what was once said. So a
lost event, a duplicate or a restart costs one look and nothing else.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.errors import AzureBusy, AzureError, NotFound, StaleRow
from shared.models.azure import Machine
from shared.models.pools import Pool
from shared.models.rollouts import Look, Rollout, RolloutHost
from shared.planning.moments import next_look
from shared.planning.plan import plan
from shared.planning.values import Act, Plan, Snapshot
from shared.ports import Engine
from shared.publishing import apply
from shared.publishing.gather import gather
from shared.publishing.record import record
from shared.services import POOLS, ROLLOUTS, Services
from shared.states import RolloutState

log = logging.getLogger("freshcoat.look")

STALE_AFTER = timedelta(minutes=10)
"""A host in work whose row has been silent for so long is asked after."""
BEGUN_WITHIN = timedelta(seconds=15)
"""A host handed over must have begun within this time, or its start was lost."""


@dataclass(frozen=True)
class LookAnswer:
    """What the orchestrator needs to know: whether it is over, else when to look again (UTC)."""

    ended: bool
    state: str
    next_look: datetime | None = None


def look(services: Services, engine: Engine, rollout_id: str, run: int, *, fresh: bool) -> LookAnswer:
    """Look once. `fresh` is the first look of an engine instance: hosts in work may have lost theirs.

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
    if pool.running_rollout != rollout.id:
        return _superseded(services, rollout, pool)
    now = services.now()
    try:
        gathered = gather(services, rollout, pool, now)
    except AzureBusy as busy:
        log.warning("rollout %s: the pool cannot be read now: %s", rollout.id, busy)
        wait = busy.retry_after or services.settings.azure_pause
        return LookAnswer(ended=False, state=rollout.state, next_look=now + timedelta(seconds=wait))
    except AzureError as error:
        return _unreadable(services, rollout, error, now)
    limit = timedelta(seconds=services.settings.sign_out_limit)
    decided = plan(gathered.snapshot, rollout.policy, now, sign_out_limit=limit)
    rows = {view.name: view.row for view in gathered.snapshot.hosts}
    hands = _apply(services, rollout, pool, decided, gathered.snapshot, rows)
    _save(services, gathered.stored, hands.rows)
    _start_hosts(services, engine, decided, hands.rows, fresh=fresh, now=now)
    return _answer(services, rollout, decided, gathered.snapshot, hands)


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


def _apply(
    services: Services,
    rollout: Rollout,
    pool: Pool,
    decided: Plan,
    snapshot: Snapshot,
    rows: dict[str, RolloutHost],
) -> apply.Hands:
    """Carry the plan out, least harmful first; the rows in the answer are to be written."""
    hands = apply.Hands(services, rollout, pool, rows)
    now = services.now()
    reasons = {decision.host: decision.reason for decision in decided.decisions}
    for decision in decided.decisions:
        if decision.act in (Act.HOLD, Act.DRAIN):
            rows[decision.host] = apply.held(rows[decision.host], decision)
    hands.each(decided.chosen(Act.SKIP), lambda row: apply.skip(row, reasons[row.host], now))
    hands.each(decided.chosen(Act.GIVE_BACK), lambda row: _given_back(services, rollout, pool, row, reasons))
    _drain(services, rollout, pool, decided, hands)
    _warn(services, rollout, pool, decided, hands)
    _sign_out(services, rollout, pool, decided, snapshot, hands)
    hands.each(decided.chosen(Act.FAIL), lambda row: apply.fail(services, row, reasons[row.host]))
    canary = rollout.policy.canary_hosts > 0 and not decided.canary_passed
    for host in decided.chosen(Act.TAKE):
        rows[host] = apply.take(rows[host], services.now(), canary=canary)
    return hands


def _given_back(
    services: Services, rollout: Rollout, pool: Pool, row: RolloutHost, reasons: dict[str, str]
) -> RolloutHost:
    return apply.after_give_back(apply.give_back(services, pool, row), rollout, reasons[row.host], services.now())


def _drain(services: Services, rollout: Rollout, pool: Pool, decided: Plan, hands: apply.Hands) -> None:
    """Drain in two halves with the rows written in between, so that a crash never takes our drain for an operator's."""
    chosen = decided.chosen(Act.DRAIN)
    if not chosen:
        return
    machines: dict[str, Machine] = {}
    hands.each(chosen, lambda row: apply.remember(services, row, machines))
    remembered = [hands.rows[host] for host in machines]
    for row in services.hosts.write_many(remembered):
        hands.rows[row.host] = row
    hands.each(
        [row.host for row in remembered],
        lambda row: apply.drain(services, rollout, pool, row, machines[row.host]),
        on_error=lambda row, error: apply.as_failed(row, f"could not be drained: {error}", services.now()),
    )


def _warn(services: Services, rollout: Rollout, pool: Pool, decided: Plan, hands: apply.Hands) -> None:
    by_host = defaultdict(list)
    for warning in decided.warnings:
        by_host[warning.host].append(warning)
    zone = ZoneInfo(rollout.schedule.time_zone)
    time = rollout.schedule.force_at.astimezone(zone).strftime("%H:%M")
    hands.each(by_host, lambda row: apply.warn(services, rollout, pool, row, by_host[row.host], time))


def _sign_out(
    services: Services, rollout: Rollout, pool: Pool, decided: Plan, snapshot: Snapshot, hands: apply.Hands
) -> None:
    chosen = decided.chosen(Act.SIGN_OUT)
    if not chosen or _commanded_otherwise(services, rollout):
        return
    by_host = defaultdict(list)
    for session in snapshot.sessions or ():
        by_host[session.host].append(session)
    hands.each(chosen, lambda row: apply.sign_out(services, pool, row, by_host[row.host]))


def _commanded_otherwise(services: Services, rollout: Rollout) -> bool:
    """Whether an operator paused, cancelled or moved the rollout since this look began: then nobody is signed out."""
    fresh = services.rollouts.find(ROLLOUTS, rollout.id)
    return fresh is None or (fresh.state, fresh.schedule) != (rollout.state, rollout.schedule)


def _save(services: Services, stored: dict[str, RolloutHost], rows: dict[str, RolloutHost]) -> None:
    """Write the rows that changed. One that somebody else wrote meanwhile is left to the next look."""
    changed = [row for host, row in rows.items() if row != stored.get(host)]
    try:
        written = services.hosts.write_many(changed)
    except StaleRow:
        written = [saved for row in changed if (saved := _save_one(services, row)) is not None]
    rows.update({row.host: row for row in written})


def _save_one(services: Services, row: RolloutHost) -> RolloutHost | None:
    try:
        return services.hosts.replace(row) if row.etag else services.hosts.add(row)
    except StaleRow:
        log.info("rollout %s: the row of %s was written by somebody else meanwhile", row.rollout, row.host)
        return None


def _start_hosts(
    services: Services, engine: Engine, decided: Plan, rows: dict[str, RolloutHost], *, fresh: bool, now: datetime
) -> None:
    """Start the orchestration of each host just taken, and again of each whose instance was lost."""
    taken = set(decided.chosen(Act.TAKE))
    for row in rows.values():
        if row.host in taken:
            engine.start_host(row.rollout, row.host, row.engine_run)
        elif row.state.in_work and _may_be_lost(row, fresh=fresh, now=now):
            _start_again(services, engine, row)


def _may_be_lost(row: RolloutHost, *, fresh: bool, now: datetime) -> bool:
    if fresh:
        return True
    if row.step_since is None:
        return row.taken_at is not None and now > row.taken_at + BEGUN_WITHIN
    return now > row.step_since + STALE_AFTER


def _start_again(services: Services, engine: Engine, row: RolloutHost) -> None:
    if engine.host_alive(row.rollout, row.host, row.engine_run):
        return
    log.warning("rollout %s: nobody drives %s, it is taken up again at %s", row.rollout, row.host, row.step)
    saved = _save_one(services, row.model_copy(update={"engine_run": row.engine_run + 1}))
    if saved is not None:
        engine.start_host(saved.rollout, saved.host, saved.engine_run)


def _answer(services: Services, rollout: Rollout, decided: Plan, snapshot: Snapshot, hands: apply.Hands) -> LookAnswer:
    """Record what was seen and done on the rollout's row, and say when to look again."""
    now = services.now()
    # What was just drained or signed out settles from now on, so the moment of the next look follows from it.
    after = snapshot.with_rows(hands.rows)
    next_at = next_look(after, rollout.policy, now) if decided.next_look else None
    if hands.applied.left_over:
        next_at = now
    elif hands.applied.busy:
        pause = hands.applied.retry_after or services.settings.azure_pause
        next_at = min(next_at or now + timedelta(seconds=pause), now + timedelta(seconds=pause))
    seen = Look(
        at=now,
        hosts=len(snapshot.hosts),
        accepting=sum(1 for view in snapshot.hosts if view.serving),
        sessions=snapshot.open_sessions,
        sessions_to_end=sum(
            view.sessions for view in after.hosts if not view.row.state.ended and not view.row.state.in_work
        ),
        next_at=decided.moment.at if decided.moment else None,
        next_does=decided.moment.does if decided.moment else "",
    )
    recorded = record(
        services,
        rollout.id,
        planned_from=rollout,
        decided=decided,
        seen=seen,
        counts=after.counts,
        signed_out=sum(len(row.signed_out) for row in hands.rows.values()),
    )
    if recorded.state.ended:
        return LookAnswer(ended=True, state=recorded.state)
    if recorded.state is not rollout.state and decided.becomes is None:
        next_at = now  # somebody paused, resumed or cancelled it meanwhile
    return LookAnswer(ended=False, state=recorded.state, next_look=next_at or now)
