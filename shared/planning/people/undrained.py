"""Hosts that somebody undrains while they wait for their users to leave: they are asked about. Pure.

An operator who lets new sessions in again has a reason that the rollout does not know. So the host returns to service,
and the rollout asks: leave the host out, or have it drained again. Without an answer it is drained at the deadline,
of which its users are warned like all others: nobody has to answer, and the rollout ends all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shared.core.codes import Code
from shared.core.wording import counted
from shared.models.messages import Message, message
from shared.models.rollouts import RolloutKind
from shared.planning.people.deadlines import deadline_of
from shared.planning.values import Decision, HostView, Snapshot


def question(snapshot: Snapshot, candidates: frozenset[str], view: HostView, now: datetime) -> Message | None:
    """What the host waits for, if somebody undrained it and nobody has answered; None when it may be drained.

    A refresh has no deadline and drains only hosts without users. A roll-back takes users off a bad version, and a host
    that failed must not get users, so neither asks.
    """
    row = view.row
    if row.drain.undrained_at is None or view.name in snapshot.drain_again or row.drained_by_earlier_failure:
        return None
    if snapshot.rolling_back or snapshot.kind is RolloutKind.REFRESH:
        return None
    until = deadline_of(snapshot, candidates, view)
    if now >= until:
        return None
    text = "somebody undrained it: leave it out, or have it drained again; at the deadline it is drained"
    return message(Code.UNDRAINED, text, at=until)


def note_of(decisions: Iterable[Decision]) -> Message | None:
    """What the rollout asks; None when no host waits for an answer."""
    asked = [decision for decision in decisions if decision.reason.code == Code.UNDRAINED]
    if not asked:
        return None
    which, them, are = counted(len(asked), "host"), "them", "they are"
    if len(asked) == 1:
        which, them, are = asked[0].host, "it", "it is"
    text = f"Somebody undrained {which}. Leave {them} out, or have {them} drained again: at the deadline {are} drained."
    until = max((decision.reason.at for decision in asked if decision.reason.at), default=None)
    return message(Code.UNDRAINED, text, at=until, count=len(asked))
