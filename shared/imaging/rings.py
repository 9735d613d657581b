"""How an activation goes through its pools: ring by ring, each begun when the one before has proved itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.models.policy import ScheduleMode
from shared.models.pools import Ring
from shared.models.rollouts import Schedule
from shared.schedule import days_later
from shared.states import RolloutState

RINGS = (Ring.TEST, Ring.PILOT, Ring.PRODUCTION)
"""In the order in which they are updated."""


GRACE = timedelta(hours=2)
"""So late the first ring still begins at once, when its time of day has just passed."""

_FOR_PEOPLE = frozenset({RolloutState.PAUSED, RolloutState.AWAITING_APPROVAL})


@dataclass(frozen=True)
class PoolStanding:
    """How far one pool has come. `state` None: its rollout is not begun."""

    pool: str
    ring: Ring
    state: RolloutState | None = None
    ended_at: datetime | None = None


class Move(StrEnum):
    """What to do next."""

    BEGIN = "begin"
    WAIT = "wait"
    STOP = "stop"
    """A pool has failed: later rings are not begun."""
    DONE = "done"


@dataclass(frozen=True)
class NextMove:
    """What to do next, with which pools, until when to wait at the latest, and why in words."""

    move: Move
    ring: Ring | None = None
    pools: tuple[str, ...] = ()
    until: datetime | None = None
    why: str = ""
    first: bool = True
    """Whether no ring was before this one."""


def next_move(standings: Sequence[PoolStanding], soak: timedelta, now: datetime) -> NextMove:
    """What an activation does next with its pools. Same standings, same answer, in whatever order they come.

    A ring is begun as a whole, when every pool of the rings before it has succeeded and `soak` has passed since the
    last of them did. Pools that are in an earlier ring now than when it was passed are updated at once.
    """
    ready_at: datetime | None = None
    before: Ring | None = None
    for ring in RINGS:
        pools = sorted((s for s in standings if s.ring is ring), key=lambda s: s.pool)
        if not pools:
            continue
        fresh = tuple(s.pool for s in pools if s.state is None)
        if fresh and ready_at and before and now < ready_at:
            return NextMove(Move.WAIT, ring, until=ready_at, why=f"ring {before} is through; ring {ring} waits")
        ended_badly = [s for s in pools if s.state and s.state.ended and s.state is not RolloutState.SUCCEEDED]
        if ended_badly:
            told = ", ".join(f"{s.pool}: {s.state}" for s in ended_badly)
            return NextMove(
                Move.STOP, ring, tuple(s.pool for s in ended_badly), why=f"rollouts have not succeeded: {told}"
            )
        if fresh:
            return NextMove(Move.BEGIN, ring, fresh, first=before is None)
        is_open = [s for s in pools if s.state and not s.state.ended]
        if is_open:
            done = len(pools) - len(is_open)
            people = [f"; {s.pool} is {s.state}: look at its rollout" for s in is_open if s.state in _FOR_PEOPLE]
            told = f"ring {ring}: {done} of {len(pools)} pools are through"
            return NextMove(Move.WAIT, ring, why=told + "".join(people))
        ready_at = max((s.ended_at for s in pools if s.ended_at), default=now) + soak
        before = ring
    return NextMove(Move.DONE)


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
