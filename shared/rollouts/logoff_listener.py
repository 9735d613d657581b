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
from shared.caches.logoff_hints import RunningHosts
from shared.ports.engine import Engine
from shared.services import POOLS, ROLLOUTS, Services

log = logging.getLogger("freshcoat.events")

RUNNING_KNOWN_FOR = timedelta(seconds=5)
"""How long the list of running rollouts is used before it is read again."""
HOSTS_KNOWN_FOR = timedelta(seconds=60)
"""How long the list of a rollout's hosts is used: it changes seldom."""


def receive_hints(services: Services, engine: Engine, body: Mapping[str, Any]) -> int:
    """Signal the rollouts that own the named hosts and return how many.

    Unknown, stale, repeated or excess entries are ignored, and so are errors: polling finds the hosts anyway.
    """
    try:
        return _signal_owners(services, engine, body)
    except Exception:
        log.exception("error %s at a logoff hint; the next poll sees its host", uuid.uuid4().hex[:12])
        return 0


def _signal_owners(services: Services, engine: Engine, body: Mapping[str, Any]) -> int:
    now, memory = services.now(), services.logoff_hints
    with memory.lock:
        new = [hint for hint in hints_in(body, now) if memory.is_new(hint.mark, now)]
        if not new:
            return 0
        _refresh_running(services, now)
        hosts = {hint.host for hint in new if memory.allows(hint.host, now)}
        by_rollout = {rollout: (known.run, sorted(hosts & known.hosts)) for rollout, known in memory.running.items()}
    signals = {rollout: (run, names) for rollout, (run, names) in by_rollout.items() if names}
    for rollout, (run, names) in signals.items():
        engine.signal_rollout(rollout, run, "logoff", logged_off=names)
    return len(signals)


def _refresh_running(services: Services, now: datetime) -> None:
    """Read which rollouts and refreshes run, unless they were just read."""
    memory = services.logoff_hints
    if memory.read_at and now - memory.read_at < RUNNING_KNOWN_FOR:
        return
    memory.read_at = now  # also when it fails: requests must not queue up behind tables that are down
    pools = services.pools.all(POOLS)
    claims = [claim for pool in pools for claim in (pool.running_rollout, pool.refresh_rollout)]
    memory.running = {claim: known for claim in claims if claim and (known := _running_hosts(services, claim, now))}


def _running_hosts(services: Services, rollout_id: str, now: datetime) -> RunningHosts | None:
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    if rollout is None or rollout.state.ended:
        return None
    known = services.logoff_hints.running.get(rollout_id)
    if known and known.hosts and now - known.read_at < HOSTS_KNOWN_FOR:
        return RunningHosts(rollout.engine_run, known.hosts, known.read_at)
    names = [row.host for row in services.hosts.all(rollout_id)]
    short = [name.split(".", maxsplit=1)[0] for name in names]
    return RunningHosts(rollout.engine_run, frozenset([*names, *short]), now)
