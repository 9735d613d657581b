"""The simulated behaviour of users, generated from a seed per person and identical for all measured policies.

A trace contains when a person logs on, disconnects (the session stays) and logs off. It does not contain hosts: the
pool decides where a session is placed and whether there is capacity. The shares and hours below are assumptions of
this benchmark, because no measured trace of a real pool is public.
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
"""Tuesday, 10:00: the new image is published while most people work. Until then the pool fills up normally."""
DEADLINE = 48 * HOUR
"""Seconds after START at which policies with a deadline may end sessions."""


def moment(second: float) -> datetime:
    """A second of the trace as a UTC time."""
    return EPOCH + timedelta(seconds=second)


class ActionKind(IntEnum):
    """The kind of a user's action: log on or reconnect, disconnect, log off."""

    COME = 0
    DISCONNECT = 1
    LOG_OFF = 2


class UserAction(NamedTuple):
    """One action of one person at a whole second. `draw` is the load balancer's random number for it."""

    at: float
    person: int
    what: ActionKind
    draw: float


@dataclass(frozen=True)
class Trace:
    """All actions in order of time. The pool ends a disconnected session after `time_limit` seconds."""

    name: str
    people: int
    days: int
    time_limit: float
    actions: tuple[UserAction, ...]

    @property
    def end(self) -> float:
        """The last second of the trace."""
        return self.days * DAY


type Step = tuple[float, ActionKind]
type Life = Callable[[Random, int], Iterator[Step]]


def office(rng: Random, days: int) -> Iterator[Step]:
    """About 9 to 17 on weekdays with lunch, sometimes early or late. One in five disconnects at night."""
    for day in range(days):
        at_work = rng.random() < (0.92 if day % 7 < 5 else 0.03)
        come, go = rng.gauss(8.9, 0.6), rng.gauss(17.2, 0.8)
        leaves = rng.random()
        go += rng.uniform(1, 4) if leaves < 0.07 else -rng.uniform(1, 3) if leaves > 0.9 else 0
        lunch, back, how = rng.gauss(12.3, 0.4), rng.uniform(0.5, 1), rng.random()
        last = ActionKind.DISCONNECT if rng.random() < 0.2 else ActionKind.LOG_OFF
        if at_work:
            yield from _day(day, come, max(go, come + 1), (lunch, lunch + back, how), last)


def shift(rng: Random, days: int) -> Iterator[Step]:
    """Three shifts of eight hours with a handover, seven days a week. Everybody works five days of seven."""
    number = rng.choices((0, 1, 2), (40, 35, 25))[0]
    first_off = rng.randrange(7)
    for day in range(days):
        come = 6 + 8 * number - max(0.0, rng.gauss(0.2, 0.1))
        go = 14 + 8 * number + max(0.0, rng.gauss(0.2, 0.12))
        pause, how = come + rng.uniform(3.5, 4.5), rng.random()
        last = ActionKind.DISCONNECT if rng.random() < 0.1 else ActionKind.LOG_OFF
        if (day - first_off) % 7 >= 2:
            yield from _day(day, come, go, (pause, pause + 0.5, how), last)


def long_running(rng: Random, days: int) -> Iterator[Step]:
    """Connected sessions of one to four days, with a night between them."""
    at = rng.uniform(6, 18)
    while at < days * 24:
        yield at * HOUR, ActionKind.COME
        at += rng.uniform(24, 96)
        yield at * HOUR, ActionKind.LOG_OFF
        at += rng.uniform(6, 16)


def mixed(rng: Random, days: int) -> Iterator[Step]:
    """62 % of the people work office hours, 35 % work shifts, and 3 % have sessions of several days."""
    life = rng.choices((office, shift, long_running), (62, 35, 3))[0]
    return life(rng, days)


def _day(day: int, come: float, go: float, pause: tuple[float, float, float], last: ActionKind) -> Iterator[Step]:
    """The steps of one day. `pause` has its begin and end in hours, and a random number: half stay connected."""
    out, back, how = pause
    yield (24 * day + come) * HOUR, ActionKind.COME
    if how < 0.5 and come < out and back < go:
        yield (24 * day + out) * HOUR, ActionKind.DISCONNECT if how < 0.4 else ActionKind.LOG_OFF
        yield (24 * day + back) * HOUR, ActionKind.COME
    yield (24 * day + go) * HOUR, last


PATTERNS: dict[str, tuple[Life, float]] = {
    "office": (office, 8 * HOUR),
    "shift": (shift, 4 * HOUR),
    "mixed": (mixed, 8 * HOUR),
}
"""Each pattern's generator of steps, and its time limit for disconnected sessions in seconds."""


def trace(name: str, *, people: int = 2_000, days: int = 9, seed: int = 1) -> Trace:
    """Generate the actions of a pattern. The same seed gives the same actions."""
    life, limit = PATTERNS[name]
    actions = []
    for person in range(people):
        rng = Random(f"{seed} {name} {person}")
        steps = sorted(life(rng, days))
        steps = [(at, what) for at, what in steps if 0 <= at < days * DAY]
        actions += [UserAction(float(round(at)), person, what, rng.random()) for at, what in steps]
    return Trace(name, people, days, limit, tuple(sorted(actions)))
