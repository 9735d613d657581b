"""Shares plans between callers who ask for the same at once, and bounds how many are made at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import BoundedSemaphore

from shared.caches.read_through import ReadThroughCache
from shared.core.errors import AzureBusy

KNOWN_FOR = 1.0
"""Seconds for which a plan answers the same question: one that was asked by many costs Azure one reading."""
MOST_AT_ONCE = 4
"""Maximum number of plans that a worker makes at a time: each reads a whole pool."""
_MOST_KEPT = 20
_LONGEST_WAIT = 10.0
_RETRY_AFTER = 5.0


class PlanCache:
    """Plans by what was asked. Thread-safe. `clock` as in ReadThroughCache."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._known = ReadThroughCache(clock, most=_MOST_KEPT)
        self._places = BoundedSemaphore(MOST_AT_ONCE)

    def get[T](self, asked: Hashable, make: Callable[[], T]) -> T:
        """The plan for what was asked. Raises what `make` raises, and AzureBusy when too many others are made."""
        return self._known.get(asked, KNOWN_FOR, lambda: self._make(make))

    def _make[T](self, make: Callable[[], T]) -> T:
        if not self._places.acquire(timeout=_LONGEST_WAIT):
            text = "too many plans are being made; try again in a moment"
            raise AzureBusy("make a plan", None, "TooManyPlans", text, retry_after=_RETRY_AFTER)
        try:
            return make()
        finally:
            self._places.release()
