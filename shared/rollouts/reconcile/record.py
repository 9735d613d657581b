"""Writing a look's outcome on the rollout's row, beside what operators write on it at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from shared.core.states import HostState, RolloutState, transition_rollout
from shared.models.messages import Message
from shared.models.rollouts import LastPass, Rollout
from shared.planning.timing import rollback_schedule
from shared.planning.values import Plan
from shared.pools.settlement import apply_outcome_to_pool
from shared.records.change import change
from shared.services import ROLLOUTS, Services


def record(
    services: Services,
    rollout_id: str,
    *,
    planned_from: Rollout | None = None,
    decided: Plan | None = None,
    seen: LastPass | None = None,
    counts: Counter[HostState] | None = None,
    signed_out: int | None = None,
    host_seconds: float | None = None,
    note: Message | None = None,
    also: Mapping[str, object] | None = None,
) -> Rollout:
    """Write what is given; when somebody wrote the row meanwhile, read it again and add to theirs.

    A change of state is made only if the state is still the one that was planned from: an operator's
    command is never undone by a look that began before it. An end also releases the pool.
    """

    def decide(rollout: Rollout) -> Rollout:
        changes: dict[str, object] = dict(also or {})
        if signed_out is not None:
            changes["signed_out"] = signed_out
        if host_seconds is not None:
            changes["host_seconds"] = host_seconds
        if seen is not None and counts is not None:
            changes["adopted_run"] = rollout.engine_run
            changes |= {"last_pass": seen, "counts": {str(state): number for state, number in sorted(counts.items())}}
        if note is not None:
            changes["note"] = note
        if decided is not None and planned_from is not None and as_commanded(planned_from) == as_commanded(rollout):
            changes |= _planned_changes(services, rollout, decided)
        return rollout.model_copy(update=changes)

    _, written = change(services.rollouts, (ROLLOUTS, rollout_id), decide, describe="rollout", retried=True)
    if decided is not None:
        apply_outcome_to_pool(services, written)
    return written


def as_commanded(rollout: Rollout) -> tuple[object, ...]:
    """What operators change: a look that planned from something else must not end what they have just set going."""
    return rollout.state, rollout.schedule, rollout.retried_at, rollout.failures_accepted, rollout.approved_at


def _planned_changes(services: Services, rollout: Rollout, decided: Plan) -> dict[str, object]:
    now = services.now()
    changes: dict[str, object] = {}
    if decided.canary_passed and rollout.canary_passed_at is None:
        changes["canary_passed_at"] = now
    if decided.forcing:
        changes |= forced_changes(rollout, now)
    if decided.force_at:
        changes["schedule"] = rollout.schedule.model_copy(update={"force_at": decided.force_at})
    if decided.becomes is None:
        going_on = rollout.state in (RolloutState.SCHEDULED, RolloutState.RUNNING)
        return changes | {"note": decided.note} if going_on else changes
    changes |= {"state": transition_rollout(rollout.id, rollout.state, decided.becomes), "note": decided.note}
    if rollout.state is RolloutState.CANCELLING:
        changes["note"] = rollout.note  # who cancelled it
    elif decided.becomes is RolloutState.ROLLED_BACK:
        changes["note"] = rollout.rollback_reason
    return changes | _with_the_state(rollout, decided, decided.becomes, now)


def forced_changes(rollout: Rollout, now: datetime) -> dict[str, object]:
    """What is noted of a look that can end sessions: when the first one came."""
    begun = rollout.forced_at is not None and rollout.forced_at >= rollout.schedule.force_at
    return {} if begun else {"forced_at": now}


def _with_the_state(rollout: Rollout, decided: Plan, becomes: RolloutState, now: datetime) -> dict[str, object]:
    """What is noted when a rollout gets into a state."""
    match becomes:
        case RolloutState.RUNNING:
            return {} if rollout.started_at else {"started_at": now}
        case RolloutState.PAUSED:
            return {"resume_to": rollout.state}
        case RolloutState.AWAITING_APPROVAL:
            return {"awaiting_since": now}
        case RolloutState.ROLLING_BACK:
            schedule = rollback_schedule(rollout.schedule, rollout.policy, now)
            return {
                "rollback_since": rollout.rollback_since or now,
                "rollback_reason": decided.note,
                "schedule": schedule,
            }
        case RolloutState.CANCELLING:
            return {"ends_as": decided.ends_as or RolloutState.CANCELLED}
        case _:
            return {"ended_at": now} if becomes.ended else {}
