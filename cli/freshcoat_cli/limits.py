"""`--timeout` as an end that nothing outlasts: a server that drips, a name that is looked up, a question."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from freshcoat_cli.client.problems import time_up

GRACE = 1.0
"""Seconds for the ends that say more: what waits for an answer, and what follows a rollout, look at the clock."""


@contextmanager
def at_the_latest(seconds: float | None) -> Iterator[None]:
    """Raises CliError in the work inside when it takes a second longer. Not on Windows, which has no such signal."""
    if seconds is None or not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return
    limit = seconds

    def stop(number: int, frame: FrameType | None) -> None:
        raise time_up(limit)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit + GRACE, GRACE)  # again, if a library has swallowed the first one
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
