"""Counts refused writes in this worker, and says when a count is worth storing: a flood must not fill the table."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Lock

from shared.core.ids import newest_first_moment
from shared.models.audit import RefusalCount

BETWEEN_WRITES = timedelta(seconds=10)
"""Minimum time between two writes of one count. What comes in between is stored with the next one."""
MOST_COUNTS = 1_000
"""Maximum number of counts of a worker in an hour. Further callers share one count for each route and status."""
OTHERS = "others"

type Key = tuple[str, str, str, int]
"""Caller, address of one that is not known, route, status."""


@dataclass
class _Count:
    row: RefusalCount
    stored: bool = False
    writing: bool = False
    written_at: datetime | None = None


class RefusalCounter:
    """Safe for many threads. The last refusals of a flood, at most ten seconds of them, may stay uncounted."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hour: datetime | None = None
        self._counts: dict[Key, _Count] = {}
        self._worker, self._numbers = secrets.token_hex(4), count()

    def count(
        self, now: datetime, *, caller: str, who: str, address: str, route: str, status: int
    ) -> tuple[Key, RefusalCount, bool] | None:
        """Count a refusal. Returns its key, the row to write and whether it is stored already, when a write is due.

        The caller then calls `written` or `not_written`.
        """
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        with self._lock:
            if hour != self._hour:
                self._hour, self._counts = hour, {}
            key: Key = (caller, "" if caller else address, route, status)
            if key not in self._counts and len(self._counts) >= MOST_COUNTS:
                key, caller, who = (OTHERS, "", route, status), OTHERS, OTHERS
            kept = self._counts.get(key)
            if kept is None:
                row = RefusalCount(
                    id=f"{newest_first_moment(hour)}-{self._worker}-{next(self._numbers):06d}",
                    hour=hour, caller=caller, who=who, address=address, route=route, status=status,
                    count=0, first_at=now, last_at=now,
                )  # fmt: skip
                kept = self._counts[key] = _Count(row)
            kept.row = kept.row.model_copy(
                update={"count": kept.row.count + 1, "last_at": now, "address": address, "who": who}
            )
            if kept.writing or (kept.written_at and now - kept.written_at < BETWEEN_WRITES):
                return None
            kept.writing, kept.written_at = True, now
            return key, kept.row, kept.stored

    def written(self, key: Key, row: RefusalCount) -> None:
        """The row was stored with this etag."""
        with self._lock:
            if kept := self._counts.get(key):
                kept.row = kept.row.model_copy(update={"etag": row.etag})
                kept.stored, kept.writing = True, False

    def not_written(self, key: Key) -> None:
        """The write failed, or nobody knows: the next refusal begins another row."""
        with self._lock:
            self._counts.pop(key, None)
