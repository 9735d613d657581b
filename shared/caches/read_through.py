"""What this worker has read a moment ago, so that many who ask at once cost one reading.

Only for what may be a moment old: what people are shown, and what a step reads besides its own row. Nothing is decided
from it that a second reader could not decide as wrongly a second earlier.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cachetools import TTLCache

log = logging.getLogger("freshcoat.recent")

_MOST, _LONGEST = 1_000, 60.0
"""Readings kept at a time, and seconds after which one is thrown away that nobody has had read anew."""
_TIMES = 10.0
"""A reading that grows with the pool is kept for so many times as long as it took: else showing a rollout of 10,000
hosts would take all of a worker that has the rollout to do."""
_READERS = 1
"""Threads that read behind the answers, at the most."""


@dataclass
class _Reading:
    """One thing that is read; while one reads it anew, others go by what was read before, or else wait."""

    value: Any = None
    at: float | None = None
    took: float = 0.0
    being_read: bool = False
    """A reader behind the answers has been sent for it."""
    lock: Lock = field(default_factory=Lock)


class ReadThroughCache:
    """Readings by key. Safe for many threads. `clock` gives seconds from any start; without one all is read anew."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock, self._lock = clock, Lock()
        self._readings: TTLCache[Hashable, _Reading] = TTLCache(_MOST, _LONGEST, clock or (lambda: 0.0))
        self._readers = ThreadPoolExecutor(_READERS, "recent")

    def has(self, key: Hashable, age: float) -> bool:
        """Whether `get` would answer at once, reading `behind`."""
        with self._lock:
            reading = self._readings.get(key)
        return reading is not None and self._counts(reading, age, times=2.0)

    def get[T](
        self, key: Hashable, age: float, read: Callable[[], T], *, grows: bool = False, behind: bool = False
    ) -> T:
        """What `read` answers, or answered less than `age` seconds ago; what `grows` with the pool may be older, by how
        long it takes to be read. Who asks while somebody reads it anew gets what is known, up to twice as old; when it
        is read `behind` the answer, that is everybody. Raises what it raises, and keeps no error.
        """
        if self._clock is None:
            return read()
        with self._lock:
            reading = self._readings.get(key)
            if reading is None:
                reading = self._readings[key] = _Reading()
        if (behind or reading.lock.locked()) and self._counts(reading, age, times=2.0):
            known: T = reading.value
            if behind and not reading.being_read and not self._counts(reading, age):
                reading.being_read = True
                self._readers.submit(self._read_behind, reading, key, age, read, grows=grows)
            return known
        with reading.lock:
            if not self._counts(reading, age):
                began = self._clock()
                reading.value, reading.at = read(), began
                reading.took = self._clock() - began if grows else 0.0
                with self._lock:
                    self._readings[key] = reading
            value: T = reading.value
            return value

    def _read_behind(
        self, reading: _Reading, key: Hashable, age: float, read: Callable[[], Any], *, grows: bool
    ) -> None:
        try:
            self.get(key, age, read, grows=grows)
        except Exception:  # who asks once it is too old meets the reason
            log.warning("%s could not be read anew", key, exc_info=True)
        finally:
            reading.being_read = False

    def _counts(self, reading: _Reading, age: float, times: float = 1.0) -> bool:
        """Whether it is new enough; it may be so many `times` as old as it is kept."""
        if reading.at is None or self._clock is None:
            return False
        return self._clock() < reading.at + times * max(age, _TIMES * reading.took)
