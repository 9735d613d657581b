"""The rows of the rollouts that this worker looks at or shows: only what was written since the last time is read.

Nobody has to tell it of a write: what was written since is asked of the table, whoever wrote it. Should a row be older
than the table's all the same, its next write is refused, as any write over a row that somebody else has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from cachetools import TTLCache

from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.ports.storage import Rows

_MOST = 50
"""Rollouts remembered at a time. One that is forgotten costs the reading of all its rows."""
WHOLE_EVERY = timedelta(minutes=10)
"""So often all rows are read whatever is known."""


@dataclass(frozen=True)
class _Known:
    rows: dict[str, RolloutHost]
    mark: str
    whole_at: datetime


class HostRowCache:
    """By rollout; safe for many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: TTLCache[str, _Known] = TTLCache(_MOST, WHOLE_EVERY.total_seconds())

    def read(self, hosts: Rows[RolloutHost], rollout: Rollout, now: datetime) -> dict[str, RolloutHost]:
        """The rollout's rows as they are in the table now, by host.

        Those of a refresh are all read: it alone removes some. So are those of a rollout that has ended: they are not
        worth the memory.
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
        """Remember nothing of this rollout."""
        with self._lock:
            self._known.pop(rollout_id, None)
