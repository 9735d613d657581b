"""Caches the snapshot of each rollout's last whole pass, for passes over single logged-off hosts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from shared.models.rollouts import Rollout
from shared.planning.values import Snapshot

_MOST = 50
"""Maximum number of cached snapshots. Without one, a whole pass is needed."""


@dataclass(frozen=True)
class RememberedSnapshot:
    """The snapshot of a pass with the rows it wrote, and the rollout's row it was planned from."""

    rollout: Rollout
    snapshot: Snapshot
    at: datetime

    def named(self, hosts: Iterable[str]) -> list[str]:
        """The pool's hosts with these names (full, or the part before the first dot), sorted."""
        meant = {host.lower() for host in hosts}
        names = (view.name for view in self.snapshot.hosts)
        return sorted(name for name in names if name in meant or name.split(".", maxsplit=1)[0] in meant)


class SnapshotCache:
    """The last snapshot of each rollout. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[str, RememberedSnapshot] = OrderedDict()

    def keep(self, sight: RememberedSnapshot) -> None:
        """Store a snapshot in place of the previous one."""
        with self._lock:
            self._known[sight.rollout.id] = sight
            self._known.move_to_end(sight.rollout.id)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def of(self, rollout_id: str) -> RememberedSnapshot | None:
        """The stored snapshot of this rollout, or None."""
        with self._lock:
            return self._known.get(rollout_id)

    def forget(self, rollout_id: str) -> None:
        """Drop the snapshot of this rollout."""
        with self._lock:
            self._known.pop(rollout_id, None)
