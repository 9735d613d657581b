"""One pass over a pool: over the hosts that users just signed out of, else over the whole pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.ports.engine import Engine
from shared.rollouts.reconcile.answer import PassResult
from shared.rollouts.reconcile.logged_off_hosts import reconcile_logged_off_hosts
from shared.rollouts.reconcile.whole_pool import reconcile_whole_pool
from shared.services import Services


def reconcile(services: Services, engine: Engine, given: Mapping[str, Any]) -> PassResult:
    """Run one pass for the rollout in `given`: over the `logged_off` hosts if it names any, else over the whole pool.

    A pass over the logged-off hosts may answer that a pass over the whole pool is needed.
    """
    rollout_id, run, hosts = given["rollout"], given["run"], given.get("logged_off")
    if not hosts:
        return reconcile_whole_pool(services, engine, rollout_id, run)
    result = reconcile_logged_off_hosts(services, engine, rollout_id, run, hosts)
    return result or PassResult(ended=False, state="", whole_pool_needed=True)
