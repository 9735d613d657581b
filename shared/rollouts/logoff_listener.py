"""Logoff hints: a hint makes the rollout of its host run a reconcile pass soon, and nothing else.

A hint is never taken for a fact, so a lost, repeated or forged one costs at most one pass.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.api.logoff_events import hints_in
from shared.caches.logoff_hints import LogoffHints, RunningHosts
from shared.core.errors import FreshcoatError
from shared.models.access.roles import Caller
from shared.ports.engine import Engine
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger("freshcoat.events")

RUNNING_KNOWN_FOR = timedelta(seconds=5)
"""How long the list of running rollouts is used before it is read again."""
HOSTS_KNOWN_FOR = timedelta(seconds=60)
"""How long the list of a rollout's hosts is used: it changes seldom."""


class TooManyHints(FreshcoatError):
    """More hints than a host, a pool, a caller, or all together, may send. Polling finds their hosts anyway."""

    status = 429
    title = "Too many events"

    def __init__(self, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(
            "More events arrived than this host, its pool, or all together, may send. Send them more slowly."
        )


def receive_hints(services: Services, engine: Engine, body: Mapping[str, Any], sender: Caller | None = None) -> int:
    """Signal the rollouts that own the named hosts and return how many.

    Unknown, stale and repeated entries are ignored, and so are errors: polling finds the hosts anyway. Raises
    TooManyHints when all entries are beyond their rates. Hosts of other pools than the sender's are unknown, too.
    """
    now, memory = services.now(), services.logoff_hints
    hints = hints_in(body, now)
    if not hints:
        return 0
    try:
        _refresh_running(services, now)
    except Exception:  # noqa: BLE001 - polling finds the hosts
        _log_error()
    by_rollout, wait = memory.take(hints, now, lambda known: _may_name(sender, known), sender.id if sender else "")
    if wait:
        raise TooManyHints(wait)
    try:
        return _signal(engine, memory, by_rollout)
    except Exception:  # noqa: BLE001 - polling finds the hosts
        _log_error()
        return 0


def _may_name(sender: Caller | None, known: RunningHosts) -> bool:
    """Whether the sender may report these hosts. An identity in Entra ID needs no grant for it: it is only a hint."""
    if sender is None:
        return True
    if sender.pool:
        return sender.pool == known.pool
    return sender.reach is None or sender.reach.covers((known.account,))


def _log_error() -> None:
    log.exception("error %s at a logoff hint; the next poll sees its host", uuid.uuid4().hex[:12])


def _signal(engine: Engine, memory: LogoffHints, by_rollout: Mapping[str, set[str]]) -> int:
    running = memory.running
    signals = [(rollout, known.run) for rollout in by_rollout if (known := running.get(rollout))]
    for rollout, run in signals:
        engine.signal_rollout(rollout, run, "logoff", logged_off=sorted(by_rollout[rollout]))
    return len(signals)


def _refresh_running(services: Services, now: datetime) -> None:
    """Read which rollouts and refreshes run, unless that is known or being read: then the others use what is known.

    Slow tables are read less often, so that at most one thread waits for them, half of the time.
    """
    memory = services.logoff_hints
    if not memory.may_read(now, RUNNING_KNOWN_FOR):
        return
    running = None
    try:
        pools = services.pools.all(POOLS)
        claims = [claim for pool in pools for claim in (pool.running_rollout, pool.refresh_rollout)]
        running = {claim: known for claim in claims if claim and (known := _running_hosts(services, claim, now))}
    finally:
        took = services.now() - now
        memory.was_read(running, now + took + max(RUNNING_KNOWN_FOR - took, took))


def _running_hosts(services: Services, rollout_id: str, now: datetime) -> RunningHosts | None:
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    if rollout is None or rollout.state.ended:
        return None
    known = services.logoff_hints.running.get(rollout_id)
    if known and known.hosts and now - known.read_at < HOSTS_KNOWN_FOR:
        return RunningHosts(rollout.engine_run, known.hosts, known.read_at, rollout.pool, rollout.account)
    names = [row.host for row in services.hosts.all(rollout_id)]
    short = [name.split(".", maxsplit=1)[0] for name in names]
    return RunningHosts(rollout.engine_run, frozenset([*names, *short]), now, rollout.pool, rollout.account)
