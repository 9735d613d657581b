"""A glance: a look at the few hosts that somebody has just logged off, going by what the last whole look saw.

It reads these hosts and decides about them alone, by the same plan: so a log-off in a pool of thousands is acted upon
in a moment. It begins to rebuild what has emptied and does nothing else; whatever is not as the last look left it, and
all that a plan has to say besides, is left to a whole look.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import timedelta

from shared.caches.snapshots import RememberedSnapshot
from shared.core.arm_ids import subscription_of
from shared.core.errors import AzureError
from shared.core.states import RolloutState
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.observe import observe
from shared.planning.plan import plan
from shared.planning.values import DRAINED_STATES, Action, HostView, Plan, Snapshot
from shared.ports.engine import Engine
from shared.rollouts.reconcile.answer import PassResult, limits_of, next_pass_at
from shared.rollouts.reconcile.execute import PlanExecutor
from shared.rollouts.reconcile.record import as_commanded
from shared.rollouts.reconcile.start_hosts import fence_rollout, save, start_hosts
from shared.services import POOLS, ROLLOUTS, Services

MAX_HOSTS = 50
"""Hosts of one glance: for more of them, one list of the whole pool is cheaper."""
MAX_SNAPSHOT_AGE_POLLS = 2
"""So many polls old may the last look be: a lost event must not keep a pool from being read for long."""


def reconcile_logged_off_hosts(
    services: Services, engine: Engine, rollout_id: str, run: int, left: Sequence[str]
) -> PassResult | None:
    """Glance at these hosts; None when only a whole look will do."""
    sight = services.snapshots.of(rollout_id)
    rollout = sight and _unchanged_rollout(services, sight, run)
    pool = rollout and services.pools.find(POOLS, rollout.pool)
    if not (sight and rollout and pool) or pool.running_rollout != rollout.id:
        return None
    stored = _waiting(services, rollout, sight.named(left))
    if stored is None:
        return None
    if not stored:
        return PassResult(ended=False, state=rollout.state)
    try:
        snapshot = _snapshot_now(services, sight, rollout, pool, stored)
    except AzureError:
        return None
    decided = snapshot and _plan_for(stored, plan(snapshot, rollout.policy, services.now(), limits=limits_of(services)))
    written = decided and fence_rollout(services, rollout, decided)
    if not (snapshot and decided and written):
        return None
    rows = {view.name: view.row for view in snapshot.hosts if view.name in stored}
    executor = PlanExecutor(services, written, pool, rows)
    taken = executor.execute(decided, snapshot)
    save(services, stored, rows)
    start_hosts(services, engine, taken, rows, new_run=False, now=services.now())
    after = snapshot.with_rows({view.name: rows.get(view.name, view.row) for view in snapshot.hosts})
    services.snapshots.keep(replace(sight, rollout=written, snapshot=after))
    if executor.applied.left_over or executor.applied.busy:
        return None
    next_at = next_pass_at(services, decided, after, written, services.now())
    return PassResult(ended=False, state=written.state, next_pass_at=next_at)


def _unchanged_rollout(services: Services, sight: RememberedSnapshot, run: int) -> Rollout | None:
    """The rollout's row, if it is what the last look went by, and that was this run's and not long ago."""
    rollout = services.rollouts.find(ROLLOUTS, sight.rollout.id)
    if rollout is None or rollout.state is not RolloutState.RUNNING:
        return None
    old = services.now() > sight.at + MAX_SNAPSHOT_AGE_POLLS * timedelta(seconds=rollout.policy.poll_seconds)
    same = as_commanded(rollout) == as_commanded(sight.rollout) and rollout.engine_run == rollout.adopted_run == run
    return rollout if same and not old else None


def _waiting(services: Services, rollout: Rollout, names: list[str]) -> dict[str, RolloutHost] | None:
    """Those of these hosts that were drained and wait, as they are stored; the others need nothing done.

    None when there are too many, or one was not drained yet: it is the whole pool's limits that keep it so.
    """
    if len(names) > MAX_HOSTS:
        return None
    rows = {name: services.hosts.find(rollout.id, name) for name in names}
    known = {name: row for name, row in rows.items() if row is not None and not (row.state.in_work or row.state.ended)}
    return known if all(row.state in DRAINED_STATES for row in known.values()) else None


def _snapshot_now(
    services: Services, sight: RememberedSnapshot, rollout: Rollout, pool: Pool, stored: dict[str, RolloutHost]
) -> Snapshot | None:
    """The last look's snapshot with these hosts as they are now; None when one has left the host pool."""
    now, settle = services.now(), timedelta(seconds=rollout.policy.settle_seconds)
    views = {}
    for name, row in stored.items():
        seen = services.host_pools.session_host(pool.host_pool_id, name)
        if seen is None:
            return None
        views[name] = HostView(observe(row, seen, settle, now), seen)
    hosts = tuple(views.get(view.name, view) for view in sight.snapshot.hosts)
    left = services.arm_budget.writes_left(subscription_of(pool.host_pool_id))
    return replace(sight.snapshot, hosts=hosts, writes_left=left)


def _plan_for(names: Container[str], decided: Plan) -> Plan | None:
    """What the plan begins with these hosts; None when it says more than that of the rollout or of them."""
    if decided.becomes is not None or decided.force_at is not None or decided.forcing:
        return None
    about = [decision for decision in decided.decisions if decision.host in names]
    if any(decision.act not in (Action.REBUILD, Action.WAIT) for decision in about):
        return None
    return replace(decided, decisions=tuple(about), warnings=())
