"""Drains all hosts of a rollout and marks them for rebuilding at once, in place of passes that work in batches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from shared.core.errors import NotFound
from shared.models.azure import VirtualMachine
from shared.planning.host_rows import start_rebuild
from shared.rollouts.hosts import actions
from shared.rollouts.reconcile.execute import CONCURRENCY
from shared.rollouts.reconcile.snapshot import read_snapshot
from shared.services import POOLS, ROLLOUTS, Services


def drain_all_hosts(services: Services, rollout_id: str) -> list[str]:
    """Drain all hosts and mark them for rebuilding. Returns their names."""
    rollout = services.rollouts.find(ROLLOUTS, rollout_id)
    pool = services.pools.find(POOLS, rollout.pool) if rollout else None
    if rollout is None or pool is None:
        raise NotFound("rollout", rollout_id)
    now = services.now()
    views = read_snapshot(services, rollout, pool, now).snapshot.hosts
    vms: dict[str, VirtualMachine] = {}
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        rows = list(threads.map(lambda view: actions.record_original(services, pool, view.row, vms), views))
        rows = services.hosts.write_many(rows)
        drained = threads.map(lambda row: actions.drain(services, rollout, pool, row, vms[row.host]), rows)
        settled = [row.replace(drain=row.drain.replace(empty_since=now - timedelta(hours=1))) for row in drained]
    services.hosts.write_many([start_rebuild(row, now, canary=False) for row in settled])
    return [row.host for row in settled]
