"""Keeps the last health answer, because anybody may ask for it: nobody waits for a check."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.api.common import Health
from shared.caches.beside import Beside, in_a_thread

_log = logging.getLogger(__name__)

NOT_CHECKED = Health(status="failing", checks={"tables": "not checked yet", "azure": "not checked yet"})
NO_ANSWER_AFTER = timedelta(seconds=30)
"""A check that takes longer hangs: what was known before it says nothing any more."""
_BEHIND = in_a_thread("health")


@dataclass
class HealthCache:
    """The last health answer of a worker. Thread-safe. `behind` runs a check without letting the caller wait."""

    behind: Beside = _BEHIND
    _last: tuple[Health, datetime] | None = None
    _reading_since: datetime | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def get(self, now: datetime, read: Callable[[], Health], lasts: Callable[[Health], timedelta]) -> Health:
        """The last answer with its age. If it is older than `lasts` says, it is read again behind the caller."""
        if self._is_due(now, lasts):
            self.behind(lambda: self._read(now, read))
        with self._lock:
            last, since = self._last, self._reading_since
        if since is not None and now - since > NO_ANSWER_AFTER:
            checks = dict.fromkeys(NOT_CHECKED.checks, "no answer")
            return Health(status="failing", checks=checks, age_seconds=_age(last, now))
        return NOT_CHECKED if last is None else last[0].model_copy(update={"age_seconds": _age(last, now)})

    def keep(self, answer: Health, now: datetime) -> None:
        """Take over an answer that was read otherwise."""
        with self._lock:
            self._last = answer, now

    def _is_due(self, now: datetime, lasts: Callable[[Health], timedelta]) -> bool:
        with self._lock:
            fresh = self._last is not None and timedelta() <= now - self._last[1] < lasts(self._last[0])
            if fresh or self._reading_since is not None:
                return False
            self._reading_since = now
            return True

    def _read(self, now: datetime, read: Callable[[], Health]) -> None:
        try:
            self.keep(read(), now)
        except Exception:  # noqa: BLE001 - the last answer stays, with its age
            _log.exception("The health could not be checked.")
        finally:
            with self._lock:
                self._reading_since = None


def _age(last: tuple[Health, datetime] | None, now: datetime) -> int | None:
    return None if last is None else max(0, int((now - last[1]).total_seconds()))
