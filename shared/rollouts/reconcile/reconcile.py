"""One pass over a pool: over the hosts that users just signed out of, else over the whole pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.ports.engine import Engine
from shared.rollouts.reconcile.answer import LookAnswer
from shared.rollouts.reconcile.logged_off_hosts import glance
from shared.rollouts.reconcile.whole_pool import look
from shared.services import Services


def look_or_glance(services: Services, engine: Engine, given: Mapping[str, Any]) -> LookAnswer:
    """Look once at the pool of the rollout in `given`; or only at the hosts that somebody has `left`, if it names any,
    and then the answer may be that this will not do."""
    rollout_id, run, left = given["rollout"], given["run"], given.get("left")
    if not left:
        return look(services, engine, rollout_id, run)
    return glance(services, engine, rollout_id, run, left) or LookAnswer(ended=False, state="", whole=True)
