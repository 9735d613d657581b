"""Caches the host rows of rollouts. Only rows written since the last read are read again.

The table is asked what was written since, so writers need not report their writes. If a cached row is out of date
anyway, its next write is refused like any write over a changed row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from cachetools import TTLCache

from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.ports.storage import Rows

_MOST = 50
"""Maximum number of cached rollouts. For others, all rows are read."""
WHOLE_EVERY = timedelta(minutes=10)
"""How often all rows are read again anyway."""


@dataclass(frozen=True)
class _Known:
    rows: dict[str, RolloutHost]
    mark: str
    whole_at: datetime


class HostRowCache:
    """Host rows by rollout. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: TTLCache[str, _Known] = TTLCache(_MOST, WHOLE_EVERY.total_seconds())

    def read(self, hosts: Rows[RolloutHost], rollout: Rollout, now: datetime) -> dict[str, RolloutHost]:
        """The current rows of a rollout, by host.

        A refresh is always read whole, because it removes rows. An ended rollout is too: it is not worth the memory.
        """
        if rollout.kind is RolloutKind.REFRESH or rollout.state.ended:
            self.forget(rollout.id)
            return {row.host: row for row in hosts.all(rollout.id)}
        with self._lock:
            known = self._known.get(rollout.id)
        if known is None or now >= known.whole_at + WHOLE_EVERY:
            known = _Known({}, "", now)
        changed, mark = hosts.since(rollout.id, known.mark)
        known = _Known(known.rows | {row.host: row for row in changed}, mark, known.whole_at)
        with self._lock:
            self._known[rollout.id] = known
        return dict(known.rows)

    def forget(self, rollout_id: str) -> None:
        """Drop the rows of this rollout."""
        with self._lock:
            self._known.pop(rollout_id, None)
