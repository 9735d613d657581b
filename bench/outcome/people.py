"""What people wish for, minute by minute: seeded, per person, and the same for every policy that is measured.

A trace says when a person comes, leaves the desktop alone (the session is disconnected and stays) and logs off. It says
nothing of hosts: on which one a session lands, and whether there is room, is the pool's affair. The shares and hours
below are this bench's own assumptions about such days; no measured trace of a real pool is public.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from random import Random
from typing import NamedTuple

EPOCH = datetime(2026, 11, 23, tzinfo=UTC)
"""Monday, 00:00: second 0 of every trace."""
HOUR = 3_600.0
DAY = 24 * HOUR
START = 34 * HOUR
"""Tuesday, 10:00: the new image is published while most people work. Before it the pool fills up as on any day."""
DEADLINE = 48 * HOUR
"""After START: when sessions may be ended, for those policies that know deadlines."""


def moment(second: float) -> datetime:
    """A second of the trace as a time of day, UTC."""
    return EPOCH + timedelta(seconds=second)


class What(IntEnum):
    """What somebody does: begin to work (again), leave the session behind, end it."""

    COME = 0
    DISCONNECT = 1
    LOG_OFF = 2


class Wish(NamedTuple):
    """One act of one person, at a whole second. `luck` is what the load balancer draws with: the same for all."""

    at: float
    person: int
    what: What
    luck: float


@dataclass(frozen=True)
class Trace:
    """A week of wishes, in order. A disconnected session is ended by the pool's own time limit, in seconds."""

    name: str
    people: int
    days: int
    time_limit: float
    wishes: tuple[Wish, ...]

    @property
    def end(self) -> float:
        """Its last second."""
        return self.days * DAY


type Step = tuple[float, What]
type Life = Callable[[Random, int], Iterator[Step]]


def office(rng: Random, days: int) -> Iterator[Step]:
    """About 9 to 17 on weekdays, lunch, some early, some late; one in five leaves the session disconnected at night."""
    for day in range(days):
        at_work = rng.random() < (0.92 if day % 7 < 5 else 0.03)
        come, go = rng.gauss(8.9, 0.6), rng.gauss(17.2, 0.8)
        leaves = rng.random()
        go += rng.uniform(1, 4) if leaves < 0.07 else -rng.uniform(1, 3) if leaves > 0.9 else 0
        lunch, back, how = rng.gauss(12.3, 0.4), rng.uniform(0.5, 1), rng.random()
        last = What.DISCONNECT if rng.random() < 0.2 else What.LOG_OFF
        if at_work:
            yield from _day(day, come, max(go, come + 1), (lunch, lunch + back, how), last)


def shift(rng: Random, days: int) -> Iterator[Step]:
    """Three shifts of eight hours, seven days a week, with a handover; everybody works five days of seven."""
    number = rng.choices((0, 1, 2), (40, 35, 25))[0]
    first_off = rng.randrange(7)
    for day in range(days):
        come = 6 + 8 * number - max(0.0, rng.gauss(0.2, 0.1))
        go = 14 + 8 * number + max(0.0, rng.gauss(0.2, 0.12))
        pause, how = come + rng.uniform(3.5, 4.5), rng.random()
        last = What.DISCONNECT if rng.random() < 0.1 else What.LOG_OFF
        if (day - first_off) % 7 >= 2:
            yield from _day(day, come, go, (pause, pause + 0.5, how), last)


def long_running(rng: Random, days: int) -> Iterator[Step]:
    """Sessions with something running in them for one to four days, connected all the time, a night between them."""
    at = rng.uniform(6, 18)
    while at < days * 24:
        yield at * HOUR, What.COME
        at += rng.uniform(24, 96)
        yield at * HOUR, What.LOG_OFF
        at += rng.uniform(6, 16)


def mixed(rng: Random, days: int) -> Iterator[Step]:
    """Of 100 people 62 work office hours, 35 shifts, and 3 keep sessions for days."""
    life = rng.choices((office, shift, long_running), (62, 35, 3))[0]
    return life(rng, days)


def _day(day: int, come: float, go: float, pause: tuple[float, float, float], last: What) -> Iterator[Step]:
    """One day's steps; `pause` is from when to when (hours), and a draw of how it is spent: half stay logged on."""
    out, back, how = pause
    yield (24 * day + come) * HOUR, What.COME
    if how < 0.5 and come < out and back < go:
        yield (24 * day + out) * HOUR, What.DISCONNECT if how < 0.4 else What.LOG_OFF
        yield (24 * day + back) * HOUR, What.COME
    yield (24 * day + go) * HOUR, last


PATTERNS: dict[str, tuple[Life, float]] = {
    "office": (office, 8 * HOUR),
    "shift": (shift, 4 * HOUR),
    "mixed": (mixed, 8 * HOUR),
}
"""Each pattern: how a person lives, and the time limit of disconnected sessions."""


def trace(name: str, *, people: int = 2_000, days: int = 9, seed: int = 1) -> Trace:
    """The wishes of this pattern: a day to fill the pool, then seven from START on. The same seed, the same wishes."""
    life, limit = PATTERNS[name]
    wishes = []
    for person in range(people):
        rng = Random(f"{seed} {name} {person}")
        steps = sorted(life(rng, days))
        wishes += [Wish(float(round(at)), person, what, rng.random()) for at, what in steps if 0 <= at < days * DAY]
    return Trace(name, people, days, limit, tuple(sorted(wishes)))
