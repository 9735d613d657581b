"""A short read-through cache, so that many simultaneous callers cost one read.

Only for data that may be a moment out of date: views, and what a step reads besides its own row. Callers must tolerate
what any concurrent reader must tolerate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

from cachetools import TLRUCache

from shared.core.single_flight import SingleFlight

log = logging.getLogger("freshcoat.recent")

_MOST, _LONGEST = 1_000, 60.0
"""Maximum number of cached values, and seconds until an unused one is dropped, unless it may be shown for longer."""
_TIMES = 10.0
"""A value whose read grows with the pool is kept for this multiple of the time its read took. Otherwise showing a
rollout of 10,000 hosts would use up a worker that has to drive the rollout."""
_READERS = 1
"""Threads for reads in the background."""

type Age[T] = float | Callable[[T], float]
"""Seconds, or how many for this value: what was dear to read is used for longer."""


@dataclass
class _Reading:
    """One cached value. While one thread reads it again, others use the old value, or wait if it is too old: no lock
    is held meanwhile, and they wait for seconds at most."""

    value: Any = None
    at: float | None = None
    took: float = 0.0
    drop_after: float = _LONGEST
    """Seconds after which it is dropped when nobody has asked for it."""
    being_read: bool = False
    """Whether a background read is under way."""


class ReadThroughCache:
    """Cached values by key. Thread-safe. `clock` returns monotonic seconds; without it nothing is cached.

    `behind` runs what it is given later, in the background: a thread of the cache, unless it is given.
    """

    def __init__(
        self,
        clock: Callable[[], float] | None = None,
        most: int = _MOST,
        behind: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._clock, self._lock = clock, Lock()
        self._flights = SingleFlight()
        self._readings: TLRUCache[Hashable, _Reading] = TLRUCache(
            most, lambda _, reading, now: now + reading.drop_after, clock or (lambda: 0.0)
        )
        self._behind = behind or ThreadPoolExecutor(_READERS, "recent").submit

    @property
    def keeps(self) -> bool:
        """Whether anything is cached."""
        return self._clock is not None

    def has(self, key: Hashable, age: Age[Any]) -> bool:
        """Whether `get` with `behind` would return without waiting for a read."""
        with self._lock:
            reading = self._readings.get(key)
        return reading is not None and self._counts(reading, age, times=2.0)

    def keep(self, key: Hashable, value: object) -> None:
        """Keep what somebody has just read for a purpose of their own, so that it is not read again to be shown."""
        if self._clock is None:
            return
        reading = _Reading(value, self._clock())
        with self._lock:
            known = self._readings.get(key)
            reading.took, reading.drop_after = (known.took, known.drop_after) if known else (0.0, _LONGEST)
            self._readings[key] = reading

    def forget(self, key: Hashable) -> None:
        """Drop a value, because the caller has just changed what it shows."""
        with self._lock:
            self._readings.pop(key, None)

    def get[T](
        self, key: Hashable, age: Age[T], read: Callable[[], T], *, grows: bool = False, behind: bool = False
    ) -> T:
        """Return a value that `read` returned less than `age` seconds ago, or call `read`.

        With `grows`, slow reads are kept longer. During a read, other callers get the old value, up to twice as old;
        with `behind`, all callers do, and the read runs in the background. Errors of `read` are raised and not cached.
        """
        if self._clock is None:
            return self._flights.run(key, read)
        with self._lock:
            reading = self._readings.get(key)
            if reading is None:
                reading = self._readings[key] = _Reading()
        if (behind or self._flights.has(key)) and self._counts(reading, age, times=2.0):
            known: T = reading.value
            if behind and not reading.being_read and not self._counts(reading, age):
                reading.being_read = True
                self._behind(partial(self._read_behind, reading, key, age, read, grows=grows))
            return known
        if self._counts(reading, age):
            value: T = reading.value
            return value
        return self._flights.run(key, lambda: self._read_anew(reading, key, age, read, grows=grows))

    def _read_anew[T](self, reading: _Reading, key: Hashable, age: Age[T], read: Callable[[], T], *, grows: bool) -> T:
        if self._clock is not None and not self._counts(reading, age):
            began = self._clock()
            reading.value, reading.at = read(), began
            reading.took = self._clock() - began if grows else 0.0
            reading.drop_after = max(_LONGEST, 2.0 * _seconds(age, reading))
            with self._lock:
                self._readings[key] = reading
        value: T = reading.value
        return value

    def _read_behind(
        self, reading: _Reading, key: Hashable, age: Age[Any], read: Callable[[], Any], *, grows: bool
    ) -> None:
        try:
            self.get(key, age, read, grows=grows)
        except Exception:  # a caller that needs a new value gets the error itself
            log.warning("%s could not be read again", key, exc_info=True)
        finally:
            reading.being_read = False

    def _counts(self, reading: _Reading, age: Age[Any], times: float = 1.0) -> bool:
        """Whether the value is young enough: at most `times` its usual maximum age."""
        if reading.at is None or self._clock is None:
            return False
        return self._clock() < reading.at + times * _seconds(age, reading)


def _seconds(age: Age[Any], reading: _Reading) -> float:
    """How long the value is used."""
    return max(age(reading.value) if callable(age) else age, _TIMES * reading.took)
