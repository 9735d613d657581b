"""The last health answer of one worker: anybody may ask, so it is used for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.api.common import Health


class HealthCache:
    """Safe for many threads: while one reads, the others wait for its answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[Health, datetime] | None = None

    def get(self, now: datetime, read: Callable[[], Health], lasts: Callable[[Health], timedelta]) -> Health:
        """The last answer while it `lasts`, else a new one."""
        with self._lock:
            if self._last is None or not timedelta() <= now - self._last[1] < lasts(self._last[0]):
                self._last = read(), now
            return self._last[0]
