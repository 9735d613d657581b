"""How a task goes through its pools: ring by ring, each begun when the one before has proved itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.core.codes import Code
from shared.core.states import RolloutState
from shared.core.time_zones import days_later
from shared.core.wording import ROLLOUT_WORDS, counted, names_text, state_text
from shared.models.messages import Message, message, quote, sentence
from shared.models.policy import ScheduleMode
from shared.models.pools import Ring
from shared.models.rollouts import Schedule

RING_NUMBERS = {Ring.TEST: 0, Ring.PILOT: 1, Ring.PRODUCTION: 2}
"""The ring in which a pool is updated, by how far it stands from the users, unless the request says otherwise."""

GRACE = timedelta(hours=2)
"""So late the first ring still begins at once, when its time of day has just passed."""

_FOR_PEOPLE = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


@dataclass(frozen=True)
class PoolProgress:
    """How far one pool has come. `state` None: its rollout is not begun."""

    pool: str
    ring: int
    state: RolloutState | None = None
    ended_at: datetime | None = None
    reason: str = ""
    """Why it has not succeeded, when its state does not say that."""

    @property
    def ended_badly(self) -> bool:
        """Whether its rollout has ended, and not well."""
        return self.state is not None and self.state.ended and self.state is not RolloutState.SUCCEEDED


class RingAction(StrEnum):
    """What to do next."""

    BEGIN = "begin"
    WAIT = "wait"
    STOP = "stop"
    """A pool has failed: later rings are not begun."""
    DONE = "done"


@dataclass(frozen=True)
class NextRing:
    """What to do next, with which pools, until when to wait at the latest, and why in words."""

    move: RingAction
    ring: int | None = None
    pools: tuple[str, ...] = ()
    until: datetime | None = None
    reason: Message | None = None
    first: bool = True
    """Whether no ring was before this one."""
    gate: bool = False
    """Whether the ring waits for a person to approve it; until `until`, if there is one, for the soak too."""
    since: datetime | None = None
    """Since when, or from when on, it waits for a person only; None: since the beginning."""
    stopping: bool = False
    """Whether a pool has failed, and nothing more is begun."""


def next_ring(
    standings: Sequence[PoolProgress], soak: timedelta, now: datetime, closed: Set[int] = frozenset()
) -> NextRing:
    """What a task does next with its pools. Same standings, same answer, in whatever order they come.

    A ring is begun as a whole, when every pool of the rings before it has succeeded, `soak` has passed since the last
    of them did, and it is not among the `closed` ones. When a pool has not succeeded, nothing more is begun; it stops
    when the others of that ring have ended.
    """
    before: int | None = None
    ready_at = now
    for ring in sorted({standing.ring for standing in standings}):
        pools = sorted((s for s in standings if s.ring == ring), key=lambda s: s.pool)
        if any(s.ended_badly for s in pools):
            return _stopped(ring, pools)
        fresh = tuple(s.pool for s in pools if s.state is None)
        if fresh and (now < ready_at or ring in closed):
            return _held(before, ring, ready_at, now, closed=ring in closed)
        if fresh:
            return NextRing(RingAction.BEGIN, ring, fresh, first=before is None)
        if any(s.state and not s.state.ended for s in pools):
            return NextRing(RingAction.WAIT, ring, reason=_running(ring, pools))
        ready_at = max((s.ended_at for s in pools if s.ended_at), default=now) + soak
        before = ring
    return NextRing(RingAction.DONE)


def _stopped(ring: int, pools: Sequence[PoolProgress]) -> NextRing:
    bad = [s for s in pools if s.ended_badly]
    text = f"{counted(len(bad), 'pool')} of ring {ring} did not succeed: {names_text(map(_how, bad))}."
    if any(s.state and not s.state.ended for s in pools):
        text = f"{text} No other rollout is started. {sentence(_finished(ring, pools))}"
        waiting = message(Code.RING_STOPPED, text, count=len(bad))
        return NextRing(RingAction.WAIT, ring, reason=waiting, stopping=True)
    reason = message(Code.RING_STOPPED, text, count=len(bad))
    return NextRing(RingAction.STOP, ring, tuple(s.pool for s in bad), reason=reason, stopping=True)


def _how(pool: PoolProgress) -> str:
    return f"{pool.pool} ({quote(pool.reason) if pool.reason else pool.state and state_text(pool.state)})"


def _held(before: int | None, ring: int, ready_at: datetime, now: datetime, *, closed: bool) -> NextRing:
    """A ring whose turn it is, and that may not begin yet."""
    until = ready_at if now < ready_at else None
    since = None if before is None else ready_at
    finished = "" if before is None else f"Ring {before} is finished. "
    if closed:
        reason = message(Code.RING_WAITS_FOR_APPROVAL, f"{finished}Ring {ring} waits for approval.", at=until)
    else:
        reason = message(Code.RING_SOAKS, f"{finished}Ring {ring} waits for the end of the soak time.", at=until)
    return NextRing(RingAction.WAIT, ring, until=until, reason=reason, gate=closed, since=since)


def _running(ring: int, pools: Sequence[PoolProgress]) -> Message:
    done = sum(s.state is not None and s.state.ended for s in pools)
    return message(Code.RING_RUNNING, sentence(_finished(ring, pools)), count=done)


def _finished(ring: int, pools: Sequence[PoolProgress]) -> str:
    """How many pools of a ring are finished, and which of the others wait for a person."""
    done = sum(s.state is not None and s.state.ended for s in pools)
    people = names_text(f"{s.pool} {ROLLOUT_WORDS[s.state]}" for s in pools if s.state in _FOR_PEOPLE)
    return f"ring {ring}: {done} of {counted(len(pools), 'pool')} finished" + (f"; {people}" if people else "")


def schedule_for_ring(asked: Schedule, now: datetime, *, first: bool) -> Schedule:
    """The moments for a ring that begins now.

    The first ring has those asked for, as long as they are not over; each later one is given as long as the first
    was (`on_logoff`), or begins at the same time of day, the next time it comes (`at`). An `at` that the first ring
    has missed by less than GRACE is now: switching the version takes a while.
    """
    match asked.mode:
        case ScheduleMode.NOW:
            return asked.model_copy(update={"begin_at": now, "force_at": now})
        case ScheduleMode.AT:
            just_missed = first and asked.begin_at <= now <= asked.begin_at + GRACE
            at = now if just_missed else _next_time(asked.begin_at, now, ZoneInfo(asked.time_zone))
            return asked.model_copy(update={"begin_at": at, "force_at": at})
        case _:
            begin = max(asked.begin_at, now)
            keeps = first and asked.force_at > begin
            force = asked.force_at if keeps else begin + (asked.force_at - asked.begin_at)
            return asked.model_copy(update={"begin_at": begin, "force_at": force})


def _next_time(at: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    """`at`, or the same time of day on the first day on which it is still ahead."""
    if at >= now:
        return at
    days = max(0, (now - at).days)
    while (later := days_later(at, days, zone)) < now:
        days += 1
    return later
