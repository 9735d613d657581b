"""The pools of a task: how far they have come, and what people see of each (ring, rollout, what it waits for)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.api.tasks import TaskPoolView
from shared.core.names import UPDATE_POOLS
from shared.core.states import RolloutState
from shared.models.base import iso
from shared.models.rollouts import Rollout
from shared.models.tasks import CancelHow, PoolsWork, Task, TaskKind
from shared.planning.rings import NextRing, PoolProgress, RingAction, next_ring
from shared.services import ROLLOUTS, Services
from shared.views import rollout_progress
from shared.workflow.task_steps import percent_done


def pools_fields(task: Task, begun: Begun, now: datetime) -> dict[str, Any]:
    """What a task's view says about its pools; nothing when it updates none."""
    pools = task.pools
    if pools is None:
        return {}
    move = next_ring_of(pools, begun, now)
    rings = pools.update.rings
    named = sorted(pools.update.pools, key=lambda name: (rings.get(name, 0), name))
    fields: dict[str, Any] = {
        "pools": [_pool(task, pools, name, begun.get(name), move) for name in named],
        "rollouts": {pool: rollout.id for pool, rollout in begun.items()},
        "skipped": dict(pools.skipped),
        "ring": pools.ring,
        "gate": pools.update.gate,
        "approvals": list(pools.approvals),
    }
    if task.step == UPDATE_POOLS and not task.state.ended:
        fields["percent"] = percent_done(task.kind, UPDATE_POOLS, percent_of(pools, begun))
    if not task.state.ended and task.step in {UPDATE_POOLS, ""}:
        fields["waits_for"] = _waits_for(task, move)
    return fields


def _waits_for(task: Task, move: NextRing) -> str:
    if task.cancelled_by and task.kind is TaskKind.UPDATE_POOLS:
        back = task.cancel_how is CancelHow.ROLL_BACK
        return "The pools that were begun are taken back." if back else "The rollouts that run are stopped."
    if task.cancelled_by or task.failure:
        return "It ends."
    match move.move:
        case RingAction.WAIT:
            soak = f" It begins at {iso(move.until)} at the earliest." if move.until else ""
            gate = f" Approve it: POST /api/tasks/{task.id}/approve." if move.gate else ""
            return _sentence(move.reason) + soak + gate
        case RingAction.BEGIN:
            held = task.pools.held if task.pools else {}
            text = "; ".join(f"pool {name} waits: {reason}" for name, reason in sorted(held.items()))
            return _sentence(text or f"ring {move.ring} begins")
        case _:
            return ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _pool(task: Task, pools: PoolsWork, name: str, rollout: Rollout | None, move: NextRing) -> TaskPoolView:
    note = _started_note(task, pools, name, rollout) if rollout else _waiting_note(task, pools, name, move)
    return TaskPoolView(
        pool=name,
        ring=pools.update.rings.get(name, 0),
        state=rollout.state if rollout else None,
        percent=rollout_progress.brief(rollout).percent if rollout else 0,
        rollout=rollout.id if rollout else "",
        href=f"/api/rollouts/{rollout.id}" if rollout else "",
        back=pools.back.get(name, ""),
        note=note,
    )


def _started_note(task: Task, pools: PoolsWork, name: str, rollout: Rollout) -> str:
    if reason := pools.not_back.get(name):
        return f"not taken back: {reason}"
    if back := pools.back.get(name):
        return f"taken back by rollout {back}" if task.state.ended else f"rollout {back} takes it back"
    if task.cancel_how is CancelHow.ROLL_BACK and rollout.state is RolloutState.SUCCEEDED and not task.state.ended:
        return "is to be taken back"
    if rollout.state is RolloutState.AWAITING_APPROVAL:
        return f"waits until somebody approves its first hosts: POST /api/rollouts/{rollout.id}/approve"
    return rollout.note


def _waiting_note(task: Task, pools: PoolsWork, name: str, move: NextRing) -> str:
    """Why the rollout of a pool is not begun, or not yet."""
    if reason := pools.skipped.get(name):
        return f"not updated: {reason}"
    if reason := pools.refused.get(name):
        return f"not begun: {reason}"
    if task.state.ended or task.cancelled_by or task.failure:
        return "not begun"
    if move.stopping:
        return "not begun: another pool has not succeeded"
    if reason := pools.held.get(name):
        return f"waits: {reason}"
    rings = pools.update.rings
    before = [ring for ring in rings.values() if ring < rings.get(name, 0)]
    if before and move.ring != rings.get(name, 0):
        return f"waits for ring {max(before)}"
    return _own_ring_note(move)


def _own_ring_note(move: NextRing) -> str:
    """Of a pool whose ring's turn it is."""
    waits = [f"until {iso(move.until)}"] if move.until else []
    waits += [f"until somebody approves ring {move.ring}"] if move.gate else []
    return f"waits {' and '.join(waits)}" if waits else "begins"


type Begun = Mapping[str, Rollout]
"""Pool -> its rollout in a task; without those that are noted and not begun."""


def read_rollouts(services: Services, pools: PoolsWork) -> dict[str, Rollout]:
    """The rollouts that the task has begun. Ids are noted first: some may not be there yet."""
    found = {pool: services.rollouts.find(ROLLOUTS, rollout) for pool, rollout in pools.rollouts.items()}
    return {pool: rollout for pool, rollout in found.items() if rollout}


def not_started_text(services: Services, pools: PoolsWork) -> str:
    """A sentence that names the pools whose rollout was not begun; empty when all were."""
    begun = read_rollouts(services, pools)
    left = [name for name in pools.update.pools if name not in begun]
    return f" Pools that were not begun: {', '.join(left)}." if left else ""


def not_updated_text(pools: PoolsWork) -> str:
    """A sentence for each pool that is not updated after all, saying why."""
    return "".join(f" Pool {name} was not updated: {reason}." for name, reason in sorted(pools.skipped.items()))


def pool_progress(pools: PoolsWork, begun: Begun) -> list[PoolProgress]:
    """How far each pool has come; without those that are not updated after all."""
    return [_progress_of(pools, name, begun.get(name)) for name in pools.update.pools if name not in pools.skipped]


def _progress_of(pools: PoolsWork, name: str, rollout: Rollout | None) -> PoolProgress:
    ring = pools.update.rings.get(name, 0)
    if rollout is None:
        reason = pools.refused.get(name, "")
        return PoolProgress(name, ring, RolloutState.FAILED if reason else None, reason=reason)
    return PoolProgress(name, ring, rollout.state, rollout.ended_at)


def next_ring_of(pools: PoolsWork, begun: Begun, now: datetime) -> NextRing:
    """What the task does next with its pools."""
    return next_ring(pool_progress(pools, begun), timedelta(minutes=pools.update.soak_minutes), now, pools.closed)


def percent_of(pools: PoolsWork, begun: Begun) -> int:
    """Percent of the work on the pools that is done: the mean of their rollouts', those not begun being at 0."""
    counted = [name for name in pools.update.pools if name not in pools.skipped]
    return sum(rollout_progress.brief(begun[name]).percent for name in counted if name in begun) // max(1, len(counted))
