"""Logoff hints: a hint makes the rollout of its host look now, and nothing else.

It is never taken for a fact, so a lost, repeated or forged one costs at most one look. Everything here is
held per worker, in memory: limits and caches need no agreement between workers.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.api.logoff_events import FRESH, Hint, hints_in
from shared.ports.engine import Engine
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger("freshcoat.events")

RUNNING_KNOWN_FOR = timedelta(seconds=5)
"""How long the list of running rollouts is used before it is read again."""
HOSTS_KNOWN_FOR = timedelta(seconds=60)
"""How long the hosts of a rollout are: they change seldom."""

_MOST_REMEMBERED = 20_000


@dataclass
class Bucket:
    """Lets `burst` through at once and `per_second` from then on."""

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
class _Running:
    """The hosts of a running rollout, by full name and by the part before the first dot."""

    run: int
    hosts: frozenset[str]
    read_at: datetime


@dataclass
class LogoffListener:
    """What one worker has heard: kept for its life. Safe for many threads."""

    total: Bucket = field(default_factory=lambda: Bucket(burst=200, per_second=50))
    per_host: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)
    heard: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    running: dict[str, _Running] = field(default_factory=dict)
    read_at: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, services: Services, engine: Engine, body: Mapping[str, Any]) -> int:
        """Signal the rollouts whose hosts the body names; how many were signalled. Strangers, stale and repeated
        hints, and what is over the limits, change nothing; nor does what goes wrong: polling finds the host too."""
        try:
            return self._hear(services, engine, body)
        except Exception:
            log.exception("error %s at a logoff hint; the next poll sees its host", uuid.uuid4().hex[:12])
            return 0

    def _hear(self, services: Services, engine: Engine, body: Mapping[str, Any]) -> int:
        now = services.now()
        with self.lock:
            new = [hint for hint in hints_in(body, now) if self._new(hint, now)]
            if not new:
                return 0
            self._refresh(services, now)
            hosts = {hint.host for hint in new if self._allowed(hint, now)}
            left = {rollout: sorted(hosts & known.hosts) for rollout, known in self.running.items()}
            signals = [(rollout, self.running[rollout].run, those) for rollout, those in left.items() if those]
        for rollout, run, those in signals:
            engine.signal_rollout(rollout, run, "logoff", logged_off=those)
        return len(signals)

    def _new(self, hint: Hint, now: datetime) -> bool:
        """Whether this very hint was not heard before."""
        while self.heard and now - next(iter(self.heard.values())) > 2 * FRESH:
            self.heard.popitem(last=False)
        if hint.mark in self.heard or len(self.heard) >= _MOST_REMEMBERED or not self.total.take(now):
            return False
        self.heard[hint.mark] = now
        return True

    def _allowed(self, hint: Hint, now: datetime) -> bool:
        """Whether the host is one of ours and not too talkative. Strangers get no bucket: they cost no memory."""
        if not self._rollouts_of(hint.host):
            return False
        bucket = self.per_host.setdefault(hint.host, Bucket(burst=5, per_second=0.2))
        self.per_host.move_to_end(hint.host)
        if len(self.per_host) > _MOST_REMEMBERED:
            self.per_host.popitem(last=False)
        return bucket.take(now)

    def _rollouts_of(self, host: str) -> list[str]:
        """The rollout of the host's pool, and what refreshes its hosts."""
        return [rollout for rollout, known in self.running.items() if host in known.hosts]

    def _refresh(self, services: Services, now: datetime) -> None:
        """Read which rollouts run, unless that was just done."""
        if self.read_at and now - self.read_at < RUNNING_KNOWN_FOR:
            return
        self.read_at = now  # also when it fails: requests must not queue up behind tables that are down
        pools = services.pools.all(POOLS)
        claims = [claim for pool in pools for claim in (pool.running_rollout, pool.refresh_rollout)]
        self.running = {claim: known for claim in claims if claim and (known := self._read(services, claim, now))}

    def _read(self, services: Services, rollout_id: str, now: datetime) -> _Running | None:
        rollout = services.rollouts.find(ROLLOUTS, rollout_id)
        if rollout is None or rollout.state.ended:
            return None
        known = self.running.get(rollout_id)
        if known and known.hosts and now - known.read_at < HOSTS_KNOWN_FOR:
            return _Running(rollout.engine_run, known.hosts, known.read_at)
        names = [row.host for row in services.hosts.all(rollout_id)]
        return _Running(
            rollout.engine_run, frozenset([*names, *(name.split(".", maxsplit=1)[0] for name in names)]), now
        )
