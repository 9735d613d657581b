"""The messages of a plan: they follow from the deadlines of the hosts and from what the plan does with them. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.models.policy import Policy
from shared.planning.people.deadlines import deadline_of, will_be_taken
from shared.planning.people.notices import notices_due
from shared.planning.values import Action, NoticeKind, Plan, Snapshot


def with_notices(decided: Plan, snapshot: Snapshot, policy: Policy, now: datetime, candidates: frozenset[str]) -> Plan:
    """The plan with the messages that are due. It ends the rollout only after users were told that it is off."""
    deadlines = {
        view.name: deadline_of(snapshot, candidates, view) for view in snapshot.hosts if will_be_taken(snapshot, view)
    }
    left = {*decided.chosen(Action.UNDRAIN), *decided.chosen(Action.SKIP)}
    drained = {view.name for view in snapshot.hosts if view.drained}
    acting = (drained | set(decided.chosen(Action.DRAIN))) - left
    notices = notices_due(snapshot, policy, now, deadlines=deadlines, acting=acting)
    if decided.becomes and decided.becomes.ended and any(notice.kind is NoticeKind.OFF for notice in notices):
        return replace(decided, notices=notices, becomes=None, next_pass_at=None)
    return replace(decided, notices=notices)
