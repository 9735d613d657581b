"""What the last look at each pool saw, kept in the worker for glances at single hosts until the next look."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from shared.models.rollouts import Rollout
from shared.planning.values import Snapshot

_MOST = 50
"""Pools remembered at a time. One that is forgotten costs a look."""


@dataclass(frozen=True)
class RememberedSnapshot:
    """One look's reading, with the rows as it left them, and the rollout's row that it went by."""

    rollout: Rollout
    snapshot: Snapshot
    at: datetime

    def named(self, hosts: Iterable[str]) -> list[str]:
        """The hosts of the pool that these names mean: whole, or the part before the first dot; in order."""
        meant = {host.lower() for host in hosts}
        names = (view.name for view in self.snapshot.hosts)
        return sorted(name for name in names if name in meant or name.split(".", maxsplit=1)[0] in meant)


class SnapshotCache:
    """The last sight of each rollout that this worker looked at. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[str, RememberedSnapshot] = OrderedDict()

    def keep(self, sight: RememberedSnapshot) -> None:
        """Remember this one in place of the one before."""
        with self._lock:
            self._known[sight.rollout.id] = sight
            self._known.move_to_end(sight.rollout.id)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def of(self, rollout_id: str) -> RememberedSnapshot | None:
        """What is remembered of this rollout's pool."""
        with self._lock:
            return self._known.get(rollout_id)

    def forget(self, rollout_id: str) -> None:
        """Remember nothing of this rollout's pool."""
        with self._lock:
            self._known.pop(rollout_id, None)
