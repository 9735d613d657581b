"""A worker's memory for logoff hints: received ones, rate limits, and the hosts of running rollouts.

Every worker has its own: limits and caches need no agreement between workers.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from shared.api.logoff_events import FRESH

_MOST_REMEMBERED = 20_000


@dataclass
class Bucket:
    """A token bucket: lets `burst` through at once, then `per_second`."""

    burst: float
    per_second: float
    level: float = 0.0
    at: datetime | None = None

    def take(self, now: datetime) -> bool:
        """Whether one more may pass now."""
        passed = (now - self.at).total_seconds() if self.at else 0.0
        self.level = max(0.0, self.level - max(0.0, passed) * self.per_second)
        self.at = now
        if self.level + 1 > self.burst:
            return False
        self.level += 1
        return True


@dataclass
class RunningHosts:
    """The hosts of a running rollout, by full name and by the part before the first dot."""

    run: int
    hosts: frozenset[str]
    read_at: datetime


@dataclass
class LogoffHints:
    """The memory of one worker. Use it while holding `lock`."""

    total: Bucket = field(default_factory=lambda: Bucket(burst=200, per_second=50))
    per_host: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)
    received: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    running: dict[str, RunningHosts] = field(default_factory=dict)
    """By rollout."""
    read_at: datetime | None = None
    """When `running` was read last."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_new(self, mark: str, now: datetime) -> bool:
        """Whether a hint with this mark was not received before, and one more may be taken now."""
        while self.received and now - next(iter(self.received.values())) > 2 * FRESH:
            self.received.popitem(last=False)
        if mark in self.received or len(self.received) >= _MOST_REMEMBERED or not self.total.take(now):
            return False
        self.received[mark] = now
        return True

    def allows(self, host: str, now: datetime) -> bool:
        """Whether the host is in a running rollout, and within its limit. Unknown hosts get no bucket, so that they
        cost no memory."""
        if not any(host in known.hosts for known in self.running.values()):
            return False
        bucket = self.per_host.setdefault(host, Bucket(burst=5, per_second=0.2))
        self.per_host.move_to_end(host)
        if len(self.per_host) > _MOST_REMEMBERED:
            self.per_host.popitem(last=False)
        return bucket.take(now)
