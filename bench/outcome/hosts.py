"""Hosts and sessions of a pool, and the load balancer."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

type Action = Callable[..., None]


def nothing(*_: object) -> None:
    """The default callback, which does nothing."""


class Spread(StrEnum):
    """The load balancing mode."""

    BREADTH = "breadth-first"
    DEPTH = "depth-first"


class Host:
    """One session host.

    `there` means registered and running, `new` means on the target version, `build` is the rebuild time in seconds.
    """

    __slots__ = ("accepting", "build", "name", "new", "people", "there")

    def __init__(self, name: str, build: float) -> None:
        self.name, self.build = name, build
        self.new, self.there, self.accepting = False, True, True
        self.people: dict[int, Session] = {}

    @property
    def idle(self) -> bool:
        """Whether the host has no sessions."""
        return not self.people


class Session:
    """One session. `left` counts its disconnections, so that only the time limit of the last one ends it."""

    __slots__ = ("connected", "host", "left", "number", "person", "warned")

    def __init__(self, person: int, number: int, host: Host) -> None:
        self.person, self.number, self.host = person, number, host
        self.connected, self.warned, self.left = True, False, 0


def place(roomy: list[Host], spread: Spread, draw: float) -> Host | None:
    """Choose the host for a new session among `roomy`, the hosts with free capacity; None when there is none.

    As documented (Microsoft Learn, "Configure host pool load balancing"): breadth-first chooses at random among the
    half of the hosts with the fewest sessions, depth-first chooses the host with the most. `draw` is a random number
    from 0 to 1.
    """
    if not roomy:
        return None
    if spread is Spread.DEPTH:
        return max(roomy, key=_used)
    return sorted(roomy, key=_used)[int(draw * ((len(roomy) + 1) // 2))]


def _used(host: Host) -> int:
    return len(host.people)
