"""Writes the outcome of a reconcile pass on the rollout's row, without undoing what operators write meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.access.two_people.rollouts import resealed
from shared.core.states import HostState, RolloutState, transition_rollout
from shared.history.rollout_events import rollout_events
from shared.history.write import write_events
from shared.models.history.rollout_events import RolloutEvent
from shared.models.pools import HostProof
from shared.models.rollout_parts import Checks, Exclusion, LastPass, Progress, Rollback
from shared.models.rollouts import Rollout, Schedule
from shared.planning.timing import rollback_schedule
from shared.planning.values import Plan
from shared.pools.settlement import apply_outcome_to_pool
from shared.records.change import change
from shared.services import ROLLOUTS, Services


@dataclass(frozen=True)
class PassRecord:
    """What one pass has seen, decided and done. `planned_from` is the row that the plan was made from."""

    planned_from: Rollout
    decided: Plan
    last_pass: LastPass
    counts: Mapping[HostState, int]
    signed_out: int
    host_seconds: float | None
    """Median time of a host; None: not measured yet, so the earlier value stays."""
    exclusion: Exclusion
    proof: HostProof | None
    """What a host has shown that is back in service; None before the first one."""
    checks: Checks | None
    """None: what the row records stays."""
    events: tuple[RolloutEvent, ...] = ()
    """What the pass has done to hosts and told people, for the history."""


def record(services: Services, done: PassRecord) -> Rollout:
    """Write the pass on the rollout's row, and bring the pool's row in line with it.

    If somebody else writes the row at the same time, their changes stay. The state changes only if no operator has
    given a command since the plan was made: a pass that began before a command must not undo it. An end also releases
    the pool.
    """

    def decide(rollout: Rollout) -> Rollout:
        checks = done.checks or rollout.checks
        seen = rollout.replace(progress=_observed(rollout, done), exclusion=done.exclusion, checks=checks)
        outdated = as_commanded(done.planned_from) != as_commanded(rollout)
        return seen if outdated else resealed(seen, seen.replace(**_planned_changes(services, seen, done.decided)))

    key = (ROLLOUTS, done.planned_from.id)
    before, written = change(services.rollouts, key, decide, describe="rollout", retried=True)
    write_events(services, [*rollout_events(before, written, services.now()), *done.events])
    apply_outcome_to_pool(services, written, done.proof)
    return written


def as_commanded(rollout: Rollout) -> tuple[object, ...]:
    """The fields that operators' commands change: if they differ from the planned row's, the plan is out of date."""
    failures, approved = rollout.failures, (rollout.approval.at, rollout.second)
    return *as_asked(rollout), failures.retried_at, failures.retried, failures.accepted, approved


def as_asked(rollout: Rollout) -> tuple[object, ...]:
    """The state, and what is asked of the rollout: when, how and on which hosts."""
    return rollout.state, rollout.schedule, rollout.policy, rollout.selection


def _observed(rollout: Rollout, done: PassRecord) -> Progress:
    """What is written whatever an operator has commanded meanwhile."""
    measured = rollout.progress.host_seconds if done.host_seconds is None else done.host_seconds
    return rollout.progress.replace(
        last_pass=done.last_pass,
        counts={str(state): number for state, number in sorted(done.counts.items())},
        signed_out=done.signed_out,
        host_seconds=measured,
        adopted_run=rollout.engine_run,
        suspended_since=None,
        unreadable=None,
    )


def _planned_changes(services: Services, rollout: Rollout, decided: Plan) -> dict[str, object]:
    now = services.now()
    progress = with_forcing(rollout, now) if decided.forcing else rollout.progress
    if decided.canary_passed and progress.canary_passed_at is None:
        progress = progress.replace(canary_passed_at=now)
    changes: dict[str, object] = {"progress": progress}
    moved = {"force_at": decided.force_at, "others_force_at": decided.others_force_at}
    if moved := {name: at for name, at in moved.items() if at}:
        changes["schedule"] = rollout.schedule.replace(**moved)
    if decided.becomes is None:
        going_on = rollout.state in (RolloutState.SCHEDULED, RolloutState.RUNNING)
        return changes | {"note": decided.note} if going_on else changes
    changes |= {"state": transition_rollout(rollout.id, rollout.state, decided.becomes), "note": decided.note}
    if rollout.state is RolloutState.CANCELLING:
        changes["note"] = rollout.note  # who cancelled it
    elif decided.becomes is RolloutState.ROLLED_BACK:
        changes["note"] = rollout.rollback.reason
    return changes | _with_the_state(rollout, decided, decided.becomes, now)


def with_forcing(rollout: Rollout, now: datetime) -> Progress:
    """The progress after a pass that can end sessions: it holds when the first such pass came."""
    progress = rollout.progress
    already_forced = progress.forced_at is not None and progress.forced_at >= _last_deadline(rollout.schedule, now)
    return progress if already_forced else progress.replace(forced_at=now)


def _last_deadline(schedule: Schedule, now: datetime) -> datetime:
    """The last deadline that has come."""
    others = schedule.others_force_at
    return others if others and now >= others else schedule.force_at


def _with_the_state(rollout: Rollout, decided: Plan, becomes: RolloutState, now: datetime) -> dict[str, object]:
    """What is written when a rollout enters a state."""
    match becomes:
        case RolloutState.RUNNING:
            return {} if rollout.started_at else {"started_at": now}
        case RolloutState.PAUSED:
            return {"resume_to": rollout.state}
        case RolloutState.AWAITING_APPROVAL if rollout.state is RolloutState.SCHEDULED:
            waits = rollout.second.replace(asked=True, awaiting_since=now, reason=decided.note)
            return {"second": waits}
        case RolloutState.AWAITING_APPROVAL:
            return {"approval": rollout.approval.replace(awaiting_since=now)}
        case RolloutState.ROLLING_BACK:
            schedule = rollback_schedule(rollout.schedule, rollout.policy, now)
            rollback = Rollback(since=rollout.rollback.since or now, reason=decided.note)
            return {"rollback": rollback, "schedule": schedule}
        case RolloutState.CANCELLING:
            return {"ends_as": decided.ends_as or RolloutState.CANCELLED}
        case _:
            return {"ended_at": now} if becomes.ended else {}
