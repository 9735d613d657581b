"""What this worker has read a moment ago, so that many who ask at once cost one reading.

Only for what may be a moment old: what people are shown, and what a step reads besides its own row. Nothing is decided
from it that a second reader could not decide as wrongly a second earlier.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cachetools import TTLCache

_MOST, _LONGEST = 1_000, 30.0
"""Readings kept at a time, and seconds after which one is thrown away, whoever asks."""


@dataclass
class _Reading:
    """One thing that is read; while one reads it, others wait for that."""

    value: Any = None
    at: float | None = None
    lock: Lock = field(default_factory=Lock)


class Recent:
    """Readings by key. Safe for many threads. `clock` gives seconds from any start; without one all is read anew."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock, self._lock = clock, Lock()
        self._readings: TTLCache[Hashable, _Reading] = TTLCache(_MOST, _LONGEST, clock or (lambda: 0.0))

    def get[T](self, key: Hashable, age: float, read: Callable[[], T]) -> T:
        """What `read` answers, or answered less than `age` seconds ago. Raises what it raises, and keeps no error."""
        if self._clock is None:
            return read()
        with self._lock:
            reading = self._readings.get(key)
            if reading is None:
                reading = self._readings[key] = _Reading()
        with reading.lock:
            began = self._clock()
            if reading.at is None or began >= reading.at + age:
                reading.value, reading.at = read(), began
            value: T = reading.value
            return value
