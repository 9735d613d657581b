"""Simulated time: a clock that runs faster than the wall's, and a heap of what falls due.

There is no thread or task per machine. Whoever touches the simulator (a request, the ticker) first runs
what is due, in the order of its moments, each with the clock standing at its own moment: chains of
transitions come out the same whether time flowed or was jumped over.
"""

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime

Action = Callable[[], None]


def utc_now() -> str:
    """Real time, as ARM writes it: durations are simulated, dates in answers are not."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Clock:
    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._base_real = time.monotonic()
        self._base_virtual = 0.0
        self._standing: float | None = None
        self._due: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Virtual seconds since the start; inside an action, the moment that action fell due."""
        return self._flowing() if self._standing is None else self._standing

    def _flowing(self) -> float:
        return self._base_virtual + (time.monotonic() - self._base_real) * self.speed

    def set_speed(self, speed: float) -> None:
        self._base_virtual, self._base_real = self._flowing(), time.monotonic()
        self.speed = speed

    def advance(self, seconds: float) -> None:
        """Jump ahead, and run everything that falls due on the way."""
        self._base_virtual += seconds
        self.run_due()

    def after(self, seconds: float, action: Action) -> None:
        """Do `action` in so many virtual seconds; at once, inside this call, when there is nothing to wait for."""
        if seconds <= 0:
            action()
            return
        heapq.heappush(self._due, (self.now() + seconds, next(self._order), action))

    def run_due(self) -> None:
        if self._standing is not None:
            return  # an action that makes a call of its own: the outer loop goes on
        until = self._flowing()
        try:
            while self._due and self._due[0][0] <= until:
                self._standing, _, action = heapq.heappop(self._due)
                action()
        finally:
            self._standing = None

    @property
    def pending(self) -> int:
        return len(self._due)
