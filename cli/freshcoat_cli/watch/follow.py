"""Follows a rollout or a task: look, show, wait, until it has ended or somebody stops looking."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from freshcoat_cli.watch.ends import INTERRUPTED, SUCCESS, TIMED_OUT, exit_code
from freshcoat_cli.watch.pace import GIVE_UP, back_off, next_look
from freshcoat_cli.watch.show import Shower
from freshcoat_cli.watch.sight import Sight


class NoAnswer(Exception):
    """The app had no answer this time, and may have one later: not reachable, restarted, busy."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        """Seconds that the answer asked to wait."""


class TimeUp(Exception):
    """The time limit was reached while an answer was awaited."""


@dataclass(frozen=True)
class Ask:
    """When to stop looking."""

    wanted: Collection[str] = SUCCESS
    """States that count as done."""
    stop_when_waiting: bool = False
    """Stop when nothing goes on without a person."""
    limit: float | None = None
    """Seconds, at most. None: as long as it takes."""


@dataclass(frozen=True)
class Clock:
    """Time, for tests to replace."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def follow(read: Callable[[], Sight], shower: Shower, ask: Ask, clock: Clock) -> int:
    """Follow until the end; the exit code.

    Raises what the first `read` raises. Later a NoAnswer is shown and borne with for ten minutes, then raised.
    """
    watch = _Watch(read, ask, clock, clock.monotonic(), read())
    try:
        with shower:
            code = watch.run(shower)
            shower.end(watch.sight, code)
    except KeyboardInterrupt:  # the shower has left the terminal as it was
        code = INTERRUPTED
        shower.end(watch.sight, code)
    return code


@dataclass
class _Watch:
    """What is known while it is followed."""

    read: Callable[[], Sight]
    ask: Ask
    clock: Clock
    begun: float
    sight: Sight
    failures: int = 0
    """Attempts in a row that had no answer."""
    lost_at: float = 0.0
    """When the first of them was made. By a clock that stands still while the machine sleeps."""
    pause: float = 0.0
    """Seconds before the next attempt after a failure."""

    def run(self, shower: Shower) -> int:
        """Show, wait, look, until there is an exit code."""
        while True:
            shower.show(self.sight)
            if (code := self._code()) is not None:
                return code
            wait = self.pause if self.failures else next_look(self.sight, self.clock.now())
            left = self._left()
            self.clock.sleep(wait if left is None else min(wait, left))
            try:
                self._look()
            except TimeUp:
                return TIMED_OUT

    def _code(self) -> int | None:
        code = exit_code(self.sight, self.ask.wanted, stop_when_waiting=self.ask.stop_when_waiting)
        left = self._left()
        return TIMED_OUT if code is None and left is not None and left <= 0 else code

    def _left(self) -> float | None:
        """Seconds that are left. None: no limit."""
        return None if self.ask.limit is None else self.ask.limit - (self.clock.monotonic() - self.begun)

    def _look(self) -> None:
        try:
            self.sight, self.failures = self.read(), 0
        except NoAnswer as lost:
            at = self.clock.monotonic()
            self.lost_at = self.lost_at if self.failures else at
            if at - self.lost_at > GIVE_UP:
                raise
            self.failures += 1
            self.pause = back_off(self.failures, lost.retry_after)
            self.sight = replace(self.sight, events=(), problem=str(lost))
