"""The ended instances: their compressed histories, and when they are forgotten."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import durabletask.internal.orchestrator_service_pb2 as pb


@dataclass(frozen=True)
class _Ended:
    forget_at: datetime
    history: bytes


class Archive:
    """Ended instances by id, the oldest first. ``keep`` is how long an instance is kept after its end."""

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep
        self._ended: dict[str, _Ended] = {}

    def __bool__(self) -> bool:
        return bool(self._ended)

    def add(self, instance_id: str, history: Iterable[pb.HistoryEvent]) -> bool:
        """Add an instance that has just ended. Returns whether it is the only one."""
        packed = zlib.compress(pb.HistoryChunk(events=history).SerializeToString())
        self._ended.pop(instance_id, None)
        self._ended[instance_id] = _Ended(datetime.now(UTC) + self._keep, packed)
        return len(self._ended) == 1

    def history(self, instance_id: str) -> list[pb.HistoryEvent]:
        """The history of an ended instance; empty for others."""
        ended = self._ended.get(instance_id)
        return list(pb.HistoryChunk.FromString(zlib.decompress(ended.history)).events) if ended else []

    def remove(self, instance_id: str) -> None:
        """Remove an instance that was started again, rewound or purged."""
        self._ended.pop(instance_id, None)

    def next_expiry(self) -> datetime:
        """When the oldest instance is forgotten."""
        return next(iter(self._ended.values())).forget_at

    def take_expired(self) -> list[str]:
        """Remove the instances whose time is over, and return their ids."""
        now = datetime.now(UTC)
        expired = [instance_id for instance_id, ended in self._ended.items() if ended.forget_at <= now]
        for instance_id in expired:
            del self._ended[instance_id]
        return expired

    def size(self) -> int:
        """The bytes of all histories."""
        return sum(len(ended.history) for ended in self._ended.values())
