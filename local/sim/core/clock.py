"""Simulated time: a clock that runs faster than real time, and a heap of scheduled actions.

There is no thread or task per VM. Every request, and the ticker, first runs the due actions in the order of their
times. During an action the clock shows the time at which the action was due. So a chain of actions has the same
result whether time passed normally or was advanced in one step.
"""

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime

Action = Callable[[], None]


def utc_now() -> str:
    """The real time in ARM's format. Durations are simulated, but timestamps in answers are real."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Clock:
    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._base_real = time.monotonic()
        self._base_virtual = 0.0
        self._action_time: float | None = None
        self._due: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Virtual seconds since the start; inside an action, the time at which it was due."""
        return self._elapsed() if self._action_time is None else self._action_time

    def _elapsed(self) -> float:
        return self._base_virtual + (time.monotonic() - self._base_real) * self.speed

    def set_speed(self, speed: float) -> None:
        self._base_virtual, self._base_real = self._elapsed(), time.monotonic()
        self.speed = speed

    def advance(self, seconds: float) -> None:
        """Advance the clock, and run all actions that become due."""
        self._base_virtual += seconds
        self.run_due()

    def after(self, seconds: float, action: Action) -> None:
        """Schedule an action after virtual seconds. With zero or less it runs immediately, inside this call."""
        if seconds <= 0:
            action()
            return
        heapq.heappush(self._due, (self.now() + seconds, next(self._order), action))

    def run_due(self) -> None:
        if self._action_time is not None:
            return  # called by an action: the outer loop runs the rest
        until = self._elapsed()
        try:
            while self._due and self._due[0][0] <= until:
                self._action_time, _, action = heapq.heappop(self._due)
                action()
        finally:
            self._action_time = None

    @property
    def pending(self) -> int:
        return len(self._due)
