"""Hosts and sessions of a pool, and how a load balancer spreads them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

type Action = Callable[..., None]


def nothing(*_: object) -> None:
    """What is done where nobody asked to be told."""


class Spread(StrEnum):
    """How the load balancer spreads sessions."""

    BREADTH = "breadth-first"
    DEPTH = "depth-first"


class Host:
    """One session host. `there`: registered and running; `new`: on the target version; `build`: seconds to rebuild."""

    __slots__ = ("accepting", "build", "name", "new", "people", "there")

    def __init__(self, name: str, build: float) -> None:
        self.name, self.build = name, build
        self.new, self.there, self.accepting = False, True, True
        self.people: dict[int, Session] = {}

    @property
    def idle(self) -> bool:
        """Whether nobody has a session on it."""
        return not self.people


class Session:
    """One session. `left` counts how often it was disconnected, so that only the last time limit ends it."""

    __slots__ = ("connected", "host", "left", "number", "person", "warned")

    def __init__(self, person: int, number: int, host: Host) -> None:
        self.person, self.number, self.host = person, number, host
        self.connected, self.warned, self.left = True, False, 0


def place(roomy: list[Host], spread: Spread, luck: float) -> Host | None:
    """The host for a new session, of those that accept sessions and have room; None when there is none.

    As documented (Microsoft Learn, "Configure host pool load balancing"): breadth-first takes one of the half of the
    hosts with the fewest sessions, at random; depth-first the one with the most. `luck` is the draw, from 0 to 1.
    """
    if not roomy:
        return None
    if spread is Spread.DEPTH:
        return max(roomy, key=_used)
    return sorted(roomy, key=_used)[int(luck * ((len(roomy) + 1) // 2))]


def _used(host: Host) -> int:
    return len(host.people)
