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
    begun = clock.monotonic()
    sight = read()
    try:
        with shower:
            return _follow(read, shower, ask, clock, begun, sight)
    except _Stopped as stopped:
        shower.end(stopped.sight, INTERRUPTED)
        return INTERRUPTED


class _Stopped(Exception):
    """Ctrl-C, with what was known then."""

    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self.sight = sight


def _follow(read: Callable[[], Sight], shower: Shower, ask: Ask, clock: Clock, begun: float, sight: Sight) -> int:
    failures, pause = 0, 0.0
    while True:
        try:
            shower.show(sight)
            left = None if ask.limit is None else ask.limit - (clock.monotonic() - begun)
            code = exit_code(sight, ask.wanted, stop_when_waiting=ask.stop_when_waiting)
            if code is None and left is not None and left <= 0:
                code = TIMED_OUT
            if code is not None:
                shower.end(sight, code)
                return code
            wait = pause if failures else next_look(sight, clock.now())
            clock.sleep(wait if left is None else min(wait, left))
            try:
                sight, failures = read(), 0
            except TimeUp:
                shower.end(sight, TIMED_OUT)
                return TIMED_OUT
            except NoAnswer as lost:
                failures += 1
                pause = back_off(failures, lost.retry_after)
                if (clock.now() - sight.read_at).total_seconds() > GIVE_UP:
                    raise
                sight = replace(sight, events=(), problem=str(lost))
        except KeyboardInterrupt:
            raise _Stopped(sight) from None
