"""A worker's memory for logoff hints: received ones, rate limits, and the hosts of running rollouts.

Every worker has its own: limits and caches need no agreement between workers.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.api.logoff_events import FRESH, Hint

_MOST_MARKS = 5_000
"""Maximum number of remembered marks of a rollout; of more, the oldest are forgotten."""
_MOST_HOSTS, _MOST_STRANGERS = 20_000, 2_000
"""Maximum number of hosts with a rate of their own."""


@dataclass
class Bucket:
    """A token bucket: lets `burst` through at once, then `per_second`."""

    burst: float
    per_second: float
    level: float = 0.0
    at: datetime | None = None

    def wait(self, now: datetime) -> float:
        """Let one more pass now, or return the seconds until one may."""
        passed = (now - self.at).total_seconds() if self.at else 0.0
        self.level = max(0.0, self.level - max(0.0, passed) * self.per_second)
        self.at = now
        if self.level + 1 > self.burst:
            return (self.level + 1 - self.burst) / self.per_second
        self.level += 1
        return 0.0


_MOST_SENDERS = 500
"""Maximum number of pools, and of callers, with a rate of their own."""


@dataclass
class SenderRates:
    """A rate of each pool or caller, lower than that of all hosts together: one alone does not use that up."""

    buckets: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def wait(self, name: str, now: datetime) -> float:
        """Let one more of this pool or caller pass now, or return the seconds until one may."""
        bucket = self.buckets.setdefault(name, Bucket(burst=100, per_second=20))
        self.buckets.move_to_end(name)
        if len(self.buckets) > _MOST_SENDERS:
            self.buckets.popitem(last=False)
        return bucket.wait(now)


@dataclass
class Rates:
    """The rates of some hosts: of each, and of all together."""

    most: int
    total: Bucket = field(default_factory=lambda: Bucket(burst=200, per_second=50))
    per_host: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def wait_of_host(self, host: str, now: datetime) -> float:
        """Let one more of this host pass now, or return the seconds until one may."""
        bucket = self.per_host.setdefault(host, Bucket(burst=5, per_second=0.2))
        self.per_host.move_to_end(host)
        if len(self.per_host) > self.most:
            self.per_host.popitem(last=False)
        return bucket.wait(now)


@dataclass
class RunningHosts:
    """The hosts of a running rollout, by full name and by the part before the first dot; its pool and account."""

    run: int
    hosts: frozenset[str]
    read_at: datetime
    pool: str
    account: str


@dataclass
class LogoffHints:
    """The memory of one worker. Thread-safe: no lock is held while anything is read."""

    known: Rates = field(default_factory=lambda: Rates(_MOST_HOSTS))
    strangers: Rates = field(default_factory=lambda: Rates(_MOST_STRANGERS))
    """Rates of hosts that no running rollout has: they cannot use up the rates of those that one has."""
    pools: SenderRates = field(default_factory=SenderRates)
    callers: SenderRates = field(default_factory=SenderRates)
    received: dict[str, OrderedDict[str, datetime]] = field(default_factory=dict)
    """Marks of received hints, by rollout."""
    running: dict[str, RunningHosts] = field(default_factory=dict)
    """By rollout. Replaced as a whole."""
    read_again_at: datetime | None = None
    """When `running` is to be read again."""
    _being_read: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may_read(self, now: datetime, known_for: timedelta) -> bool:
        """Whether the caller is the one to read `running` now. It must call `was_read` in any case."""
        with self._lock:
            if self._being_read or (self.read_again_at and now < self.read_again_at):
                return False
            self._being_read, self.read_again_at = True, now + known_for
            return True

    def was_read(self, running: dict[str, RunningHosts] | None, again_at: datetime) -> None:
        """Note what was read, None after an error, and when to read again."""
        with self._lock:
            self._being_read, self.read_again_at = False, again_at
            if running is not None:
                self.running = running
                self.received = {rollout: marks for rollout, marks in self.received.items() if rollout in running}

    def take(
        self,
        hints: list[Hint],
        now: datetime,
        may_name: Callable[[RunningHosts], bool] = lambda known: True,
        caller: str = "",
    ) -> tuple[dict[str, set[str]], int]:
        """The hosts with a new hint by rollout, and after how many seconds to try again if rates refused all hints.

        `may_name`: whether the sender may report these hosts; those of others are strangers. `caller`: the sender's id.
        """
        running = {rollout: known for rollout, known in self.running.items() if may_name(known)}
        taken: dict[str, set[str]] = {}
        waits: list[float] = []
        with self._lock:
            for hint in hints:
                owners = [rollout for rollout, known in running.items() if hint.host in known.hosts]
                new = [rollout for rollout in owners if hint.mark not in self.received.get(rollout, ())]
                if owners and not new:
                    continue  # a repeated hint costs nothing
                wait = self._wait(hint.host, caller, {running[rollout].pool for rollout in new}, now)
                waits.append(wait)
                for rollout in new if not wait else ():
                    self._remember(rollout, hint.mark, now)
                    taken.setdefault(rollout, set()).add(hint.host)
        refused = bool(waits) and all(waits)
        return taken, math.ceil(min(waits)) if refused else 0

    def _wait(self, host: str, caller: str, pools: set[str], now: datetime) -> float:
        """Let one more hint pass now, or return the seconds until one may. `pools`: that have the host."""
        rates = self.known if pools else self.strangers
        wait = rates.wait_of_host(host, now)  # first: what it may not send uses up no other rate
        if pools and not wait:
            wait = self.callers.wait(caller, now) if caller else 0.0
            wait = wait or max(self.pools.wait(pool, now) for pool in sorted(pools))
        return wait or rates.total.wait(now)

    def _remember(self, rollout: str, mark: str, now: datetime) -> None:
        marks = self.received.setdefault(rollout, OrderedDict())
        marks[mark] = now
        while len(marks) > _MOST_MARKS or now - next(iter(marks.values())) > 2 * FRESH:
            marks.popitem(last=False)
