"""Which message is due for which session, and whom a pass may sign out. Pure.

Nobody is signed out who was not told, and nobody stays told of a deadline that no longer holds. What a session was told
last is in its host's row (`Told`): a message is due when that differs from what will happen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

from shared.core.codes import Code
from shared.core.states import HostState, RolloutState
from shared.models.azure import UserSession
from shared.models.host_parts import Told
from shared.models.messages import message
from shared.models.policy import Policy
from shared.models.rollouts import RolloutHost, RolloutKind
from shared.planning.timing import WARNED_STATES, due_step
from shared.planning.values import HostView, NoticeKind, SessionNotice, Snapshot

TOLD_VALID_FOR = timedelta(minutes=15)
"""How long after the deadline a user who was told of it still expects to be signed out."""

TELL_LIMIT = timedelta(minutes=15)
"""How long a sign-out waits for messages that Azure is too busy for. After that they count as refused."""

WARNING_FIRST = message(Code.WAITS_FOR_WARNINGS, "waits until users have been warned")

HALTED = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL, RolloutState.CANCELLING})
"""States in which nobody is signed out."""


def user_digest(session: UserSession) -> str:
    """Tells the users of a reused session id apart, without storing their names."""
    return hashlib.blake2s(session.user.lower().encode(), digest_size=4).hexdigest()


def told_to(row: RolloutHost, session: UserSession) -> Told | None:
    """What the session was told last; None: nothing."""
    told = row.warnings.told.get(session.id)
    return told if told and told.user == user_digest(session) else None


def is_valid(told: Told, now: datetime) -> bool:
    """Whether the user still expects to be signed out: at a time ahead, or a moment ago."""
    return told.deadline is not None and now <= told.deadline + TOLD_VALID_FOR


def may_sign_out(row: RolloutHost, session: UserSession, now: datetime) -> bool:
    """Whether the session was told of its end, and that time has come."""
    told = told_to(row, session)
    if told is None or told.deadline is None or now < told.deadline:
        return False
    return row.state is HostState.SIGNING_OUT or is_valid(told, now)


def anybody_to_sign_out(snapshot: Snapshot, view: HostView, now: datetime) -> bool:
    """Whether a session of the host may be ended. If none is listed, the host's count is older than the list."""
    if snapshot.sessions is None:
        return False
    listed = snapshot.sessions_by_host.get(view.name, ())
    return not listed or any(may_sign_out(view.row, session, now) for session in listed)


def sessions_matter(snapshot: Snapshot, policy: Policy, now: datetime) -> bool:
    """Whether the pass needs the list of sessions: somebody may have to be told something, or signed out."""
    if snapshot.kind is RolloutKind.REFRESH:
        return False
    if any(one.deadline for view in snapshot.hosts for one in view.row.warnings.told.values()):
        return True
    if not any(view.sessions and view.row.state in WARNED_STATES for view in snapshot.hosts):
        return False
    schedule, settle = snapshot.schedule, timedelta(seconds=policy.settle_seconds)
    deadlines = [schedule.force_at, *([schedule.others_force_at] if schedule.others_force_at else [])]
    return any(now >= at - settle or due_step(policy, at, now) is not None for at in deadlines)


def notices_due(
    snapshot: Snapshot, policy: Policy, now: datetime, *, deadlines: dict[str, datetime], acting: Collection[str]
) -> tuple[SessionNotice, ...]:
    """The messages to send now.

    `deadlines`: of each host that will be taken; sessions on other hosts are told that it is off, if they were told
    before. `acting`: hosts that are drained, or will be in this pass: after the deadline only their users are told.
    """
    if snapshot.kind is RolloutKind.REFRESH or not snapshot.sessions:
        return ()
    rows = {view.name: view.row for view in snapshot.hosts}
    halted = snapshot.state in HALTED
    found = []
    for session in sorted(snapshot.sessions, key=lambda one: (one.host, one.id)):
        row = rows.get(session.host.lower())
        if row is None:
            continue
        told, deadline = told_to(row, session), None if halted else deadlines.get(row.host)
        if deadline is None:
            due = _off(row, told)
        elif now < deadline:
            due = _before(told, deadline, policy, snapshot.schedule.force_at, now)
        else:
            due = _after(row, session, policy, now) if row.host in acting else None
        if due:
            kind, at, step = due
            told = Told(deadline=at, step=step, user=user_digest(session))
            found.append(SessionNotice(row.host, session.id, kind, told))
    return tuple(found)


type _Due = tuple[NoticeKind, datetime | None, int]
"""A message that is due: its kind, the deadline in it, and the warning step."""


def _off(row: RolloutHost, told: Told | None) -> _Due | None:
    stays = row.state in WARNED_STATES or row.state is HostState.SKIPPED
    return (NoticeKind.OFF, None, 0) if stays and told and told.deadline else None


def _before(told: Told | None, deadline: datetime, policy: Policy, force_at: datetime, now: datetime) -> _Due | None:
    """Before the deadline: who was told another time is told at once, others at each step.

    After `force_at`, and shortly before the deadline, everybody is told at once.
    """
    step, settle = due_step(policy, deadline, now), timedelta(seconds=policy.settle_seconds)
    at = max(deadline, now + settle)
    known = told.deadline if told else None
    if told and known and deadline <= known <= deadline + settle:
        return (NoticeKind.WARNING, known, step) if step and (told.step == 0 or step < told.step) else None
    if known:
        return NoticeKind.MOVED, at, step or 0
    due = step or now >= force_at or now + settle >= deadline
    return (NoticeKind.WARNING, at, step or 0) if due else None


def _after(row: RolloutHost, session: UserSession, policy: Policy, now: datetime) -> _Due | None:
    """After the deadline: who does not expect it any more, or logged on since, gets the time to settle."""
    told, settle = told_to(row, session), timedelta(seconds=policy.settle_seconds)
    if may_sign_out(row, session, now):
        return None
    if told is None or not is_valid(told, now) or told.deadline is None:
        return NoticeKind.WARNING, now + settle, 0
    return None if told.deadline <= now + settle else (NoticeKind.MOVED, now + settle, 0)
