"""Caches the health answer, because anybody may ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.api.common import Health


class HealthCache:
    """The last health answer of a worker. Thread-safe: while one thread reads, the others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[Health, datetime] | None = None

    def get(self, now: datetime, read: Callable[[], Health], lasts: Callable[[Health], timedelta]) -> Health:
        """The last answer if it is younger than `lasts` says, or else a new one."""
        with self._lock:
            if self._last is None or not timedelta() <= now - self._last[1] < lasts(self._last[0]):
                self._last = read(), now
            return self._last[0]
