"""A fast pass over hosts that users just signed out of.

It reuses the last full snapshot and reads only these hosts, so that a sign-out in a pool of thousands has its effect at
once. It may only start rebuilds. If anything else changed, or the plan asks for more, it leaves that to a full pass.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import timedelta

from shared.caches.snapshots import RememberedSnapshot
from shared.core.errors import AzureError
from shared.core.states import RolloutState
from shared.models.pools import Pool
from shared.models.rollouts import Rollout, RolloutHost
from shared.planning.observe import observe
from shared.planning.plan import plan
from shared.planning.values import DRAINED_STATES, Action, HostView, Plan, Snapshot
from shared.ports.engine import Engine
from shared.rollouts.preflight.repeat import is_due
from shared.rollouts.reconcile.answer import PassResult, limits_of, next_pass_at
from shared.rollouts.reconcile.execute import PlanExecutor
from shared.rollouts.reconcile.record import as_commanded
from shared.rollouts.reconcile.start_hosts import fence_rollout, save, start_hosts
from shared.services import POOLS, ROLLOUTS, Services

MAX_HOSTS = 50
"""Maximum number of hosts: for more, one list of the whole pool is cheaper."""
MAX_SNAPSHOT_AGE_POLLS = 2
"""Maximum age of the reused snapshot, in poll intervals. Bounds how long a lost event can go unnoticed."""


def reconcile_logged_off_hosts(
    services: Services, engine: Engine, rollout_id: str, run: int, logged_off: Sequence[str]
) -> PassResult | None:
    """Run a fast pass over these hosts; None when a full pass is needed."""
    remembered = services.snapshots.of(rollout_id)
    rollout = remembered and _unchanged_rollout(services, remembered, run)
    pool = rollout and services.pools.find(POOLS, rollout.pool)
    if not (remembered and rollout and rollout.started_at and pool) or pool.running_rollout != rollout.id:
        return None
    stored = _waiting(services, rollout, remembered.named(logged_off))
    if stored is None:
        return None
    if not stored:
        return PassResult(ended=False, state=rollout.state)
    try:
        snapshot = _snapshot_now(services, remembered, rollout, pool, stored)
    except AzureError:
        return None
    decided = snapshot and _plan_for(stored, plan(snapshot, rollout.policy, services.now(), limits=limits_of(services)))
    if decided and is_due(rollout, decided, services.now()):
        return None
    written = decided and fence_rollout(services, rollout, decided)
    if not (snapshot and decided and written):
        return None
    rows = {view.name: view.row for view in snapshot.hosts if view.name in stored}
    executor = PlanExecutor(services, written, pool, rows)
    started = executor.execute(decided, snapshot)
    save(services, stored, rows)
    start_hosts(services, engine, started, rows, new_run=False, now=services.now())
    after = snapshot.with_rows({view.name: rows.get(view.name, view.row) for view in snapshot.hosts})
    services.snapshots.keep(replace(remembered, rollout=written, snapshot=after))
    if executor.applied.left_over or executor.applied.busy:
        return None
    next_at = next_pass_at(services, decided, after, written, services.now())
    return PassResult(ended=False, state=written.state, next_pass_at=next_at)


def _unchanged_rollout(services: Services, remembered: RememberedSnapshot, run: int) -> Rollout | None:
    """The rollout's row, if nobody has commanded it since the last full pass, which was recent and of the same run."""
    rollout = services.rollouts.find(ROLLOUTS, remembered.rollout.id)
    if rollout is None or rollout.state is not RolloutState.RUNNING:
        return None
    old = services.now() > remembered.at + MAX_SNAPSHOT_AGE_POLLS * timedelta(seconds=rollout.policy.poll_seconds)
    same = (
        as_commanded(rollout) == as_commanded(remembered.rollout)
        and rollout.engine_run == rollout.progress.adopted_run == run
    )
    return rollout if same and not old else None


def _waiting(services: Services, rollout: Rollout, names: list[str]) -> dict[str, RolloutHost] | None:
    """The stored rows of the hosts that are drained and wait. Hosts in work or ended need nothing.

    None when there are too many hosts, or one is not drained yet: draining depends on the limits of the whole pool.
    """
    if len(names) > MAX_HOSTS:
        return None
    rows = {name: services.hosts.find(rollout.id, name) for name in names}
    known = {name: row for name, row in rows.items() if row is not None and not (row.state.in_work or row.state.ended)}
    return known if all(row.state in DRAINED_STATES for row in known.values()) else None


def _snapshot_now(
    services: Services, remembered: RememberedSnapshot, rollout: Rollout, pool: Pool, stored: dict[str, RolloutHost]
) -> Snapshot | None:
    """The last snapshot with these hosts as they are now; None when one of them has left the host pool."""
    now, settle = services.now(), timedelta(seconds=rollout.policy.settle_seconds)
    views = {}
    for name, row in stored.items():
        seen = services.host_pools.session_host(pool.host_pool_id, name)
        if seen is None:
            return None
        views[name] = HostView(observe(row, seen, settle, now), seen, rollout.why_left_out(row))
    hosts = tuple(views.get(view.name, view) for view in remembered.snapshot.hosts)
    left = services.arm_budget.writes_left(pool.host_pool_id)
    return replace(remembered.snapshot, hosts=hosts, writes_left=left)


def _plan_for(names: Container[str], decided: Plan) -> Plan | None:
    """The plan for these hosts; None when it asks for more than rebuilding them."""
    moved = decided.force_at or decided.others_force_at
    if decided.becomes is not None or moved or decided.forcing:
        return None
    concerned = [decision for decision in decided.decisions if decision.host in names]
    if any(decision.act not in (Action.REBUILD, Action.WAIT) for decision in concerned):
        return None
    return replace(decided, decisions=tuple(concerned), notices=())
