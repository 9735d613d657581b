"""The rings of a fleet update: each ring starts after the previous one has succeeded. Pure."""

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
"""Number of the ring in which a pool is updated, unless the request says otherwise; production comes last."""

GRACE = timedelta(hours=2)
"""The first ring still starts at once if its time of day passed less than this long ago."""

_FOR_PEOPLE = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


@dataclass(frozen=True)
class PoolProgress:
    """Progress of one pool. `state` None: its rollout has not started."""

    pool: str
    ring: int
    state: RolloutState | None = None
    ended_at: datetime | None = None
    reason: str = ""
    """Why the pool did not succeed, or was stopped, if its state does not say so."""

    @property
    def unsuccessful(self) -> bool:
        """Whether its rollout has ended without success."""
        return self.state is not None and self.state.ended and self.state is not RolloutState.SUCCEEDED


class RingAction(StrEnum):
    """What the fleet update does next."""

    BEGIN = "begin"
    WAIT = "wait"
    STOP = "stop"
    """A pool has failed, so later rings are not started."""
    DONE = "done"


@dataclass(frozen=True)
class NextRing:
    """What to do next, with which pools, how long to wait at most, and why."""

    move: RingAction
    ring: int | None = None
    pools: tuple[str, ...] = ()
    until: datetime | None = None
    reason: Message | None = None
    first: bool = True
    """Whether this is the first ring."""
    gate: bool = False
    """Whether the ring waits for a person's approval. Until `until`, if set, it waits for the soak time as well."""
    since: datetime | None = None
    """When the ring began, or begins, to wait for approval only; None: from the start of the fleet update."""
    stopping: bool = False
    """Whether a pool has failed, so that nothing more is started."""


def next_ring(
    progress: Sequence[PoolProgress], soak: timedelta, now: datetime, closed: Set[int] = frozenset()
) -> NextRing:
    """Decide what a fleet update does next with its pools. The order of the pools does not matter.

    A ring starts as a whole when every pool of the earlier rings has succeeded, the soak time has passed since the last
    of them ended, and the ring is not in `closed`. If a pool has not succeeded, nothing more is started, and the fleet
    update stops when the other pools of that ring have ended.
    """
    before: int | None = None
    ready_at = now
    for ring in sorted({pool.ring for pool in progress}):
        pools = sorted((s for s in progress if s.ring == ring), key=lambda s: s.pool)
        if any(s.unsuccessful for s in pools):
            return _stopped(ring, pools)
        not_started = tuple(s.pool for s in pools if s.state is None)
        if not_started and (now < ready_at or ring in closed):
            return _held(before, ring, ready_at, now, closed=ring in closed)
        if not_started:
            return NextRing(RingAction.BEGIN, ring, not_started, first=before is None)
        if any(s.state and not s.state.ended for s in pools):
            return NextRing(RingAction.WAIT, ring, reason=_running(ring, pools))
        ready_at = max((s.ended_at for s in pools if s.ended_at), default=now) + soak
        before = ring
    return NextRing(RingAction.DONE)


def _stopped(ring: int, pools: Sequence[PoolProgress]) -> NextRing:
    unsuccessful = [s for s in pools if s.unsuccessful]
    names = names_text(map(_failure_text, unsuccessful))
    text = f"{counted(len(unsuccessful), 'pool')} of ring {ring} did not succeed: {names}."
    if any(s.state and not s.state.ended for s in pools):
        text = f"{text} No other rollout is started. {sentence(_finished(ring, pools))}"
        waiting = message(Code.RING_STOPPED, text, count=len(unsuccessful))
        return NextRing(RingAction.WAIT, ring, reason=waiting, stopping=True)
    reason = message(Code.RING_STOPPED, text, count=len(unsuccessful))
    return NextRing(RingAction.STOP, ring, tuple(s.pool for s in unsuccessful), reason=reason, stopping=True)


def _failure_text(pool: PoolProgress) -> str:
    return f"{pool.pool} ({quote(pool.reason) if pool.reason else pool.state and state_text(pool.state)})"


def _held(before: int | None, ring: int, ready_at: datetime, now: datetime, *, closed: bool) -> NextRing:
    """The next ring may not start yet: it waits for approval or for the soak time."""
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
    people = names_text(f"{s.pool} {ROLLOUT_WORDS[s.state]}{_why(s)}" for s in pools if s.state in _FOR_PEOPLE)
    return f"ring {ring}: {done} of {counted(len(pools), 'pool')} finished" + (f"; {people}" if people else "")


def _why(pool: PoolProgress) -> str:
    return f" ({quote(pool.reason)})" if pool.reason else ""


def schedule_for_ring(asked: Schedule, now: datetime, *, first: bool) -> Schedule:
    """The schedule of a ring that starts now.

    The first ring uses the requested schedule as long as it is not over. Each later ring gets as much time until its
    deadline as the first one had (`on_logoff`), or begins at the next occurrence of the same time of day (`at`). If the
    first ring missed its `at` by less than GRACE, it begins now, because switching the version takes a while.
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
    """`at`, or the next occurrence of the same time of day if `at` has passed."""
    if at >= now:
        return at
    days = max(0, (now - at).days)
    while (later := days_later(at, days, zone)) < now:
        days += 1
    return later
