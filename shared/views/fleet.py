"""The pools of a task as people see them: progress, ring, rollout, and what each waits for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.api.tasks import TaskPoolView, TaskWait
from shared.core.codes import Code
from shared.core.hrefs import rollout_href, task_href
from shared.core.names import UPDATE_POOLS
from shared.core.states import RolloutState
from shared.core.wording import counted, names_text
from shared.models.messages import Message, message, sentence, text_of
from shared.models.rollouts import Rollout
from shared.models.tasks import CancelHow, PoolsWork, Task, TaskKind
from shared.planning.rings import NextRing, PoolProgress, RingAction, next_ring
from shared.services import ROLLOUTS, Services
from shared.views import rollout_progress, suspension
from shared.workflow.task_steps import percent_done


def pools_fields(task: Task, started: StartedRollouts, now: datetime) -> dict[str, Any]:
    """The fields of a task's view about its pools; empty when it updates none."""
    pools = task.pools
    if pools is None:
        return {}
    move = next_ring_of(pools, started, now)
    rings = pools.update.rings
    named = sorted(pools.update.pools, key=lambda name: (rings.get(name, 0), name))
    fields: dict[str, Any] = {
        "pools": [_pool(task, pools, name, started.get(name), move) for name in named],
        "rollouts": {pool: rollout.id for pool, rollout in started.items()},
        "skipped": dict(pools.skipped),
        "ring": pools.ring,
        "gate": pools.update.gate,
        "approvals": list(pools.approvals),
    }
    if task.step == UPDATE_POOLS and not task.state.ended:
        fields["percent"] = percent_done(task.kind, UPDATE_POOLS, percent_of(pools, started))
    if not task.state.ended and task.step in {UPDATE_POOLS, ""}:
        told = _waits_for(task, move)
        ring = move.ring if told and told.code in _OF_A_RING else None
        fields["waits_for"] = waits_for(task, told, ring) if told else None
    return fields


_OF_A_RING = {
    code.value
    for code in (
        Code.RING_STARTS,
        Code.RING_RUNNING,
        Code.RING_SOAKS,
        Code.RING_WAITS_FOR_APPROVAL,
        Code.RING_STOPPED,
        Code.POOLS_WAIT,
    )
}
"""Codes of what a ring of pools waits for."""


def waits_for(task: Task, told: Message, ring: int | None = None) -> TaskWait:
    """What a task waits for; its own page is where somebody approves or cancels it."""
    return TaskWait(
        code=told.code,
        text=told.text,
        at=told.at,
        count=told.count,
        href=told.href or task_href(task.id),
        ring=ring,
        until=told.at,
    )


def _waits_for(task: Task, move: NextRing) -> Message | None:
    if task.second.awaiting_since and not (task.cancelled_by or task.failure):
        return task.second.reason
    if task.cancelled_by and task.kind is TaskKind.UPDATE_POOLS:
        back = task.cancel_how is CancelHow.ROLL_BACK
        text = "The pools that were started are rolled back." if back else "The running rollouts are stopped."
        return message(Code.STOPPING_POOLS, text)
    if task.cancelled_by or task.failure:
        return message(Code.TASK_ENDING, "It ends.")
    match move.move:
        case RingAction.WAIT:
            return move.reason
        case RingAction.BEGIN:
            waiting = waiting_pools(task.pools.held) if task.pools else None
            return waiting or message(Code.RING_STARTS, f"Ring {move.ring} starts.")
        case _:
            return None


def waiting_pools(held: Mapping[str, Message]) -> Message | None:
    """Which pools of a ring cannot be started yet, and why; None when all can. Each pool's own note has its reason."""
    if not held:
        return None
    if len(held) > 1:
        text = f"{counted(len(held), 'pool')} wait: {names_text(sorted(held))}."
        return message(Code.POOLS_WAIT, text, count=len(held))
    name, reason = next(iter(held.items()))
    text = f"Pool {name} waits. {sentence(reason.text)}"
    return message(Code.POOLS_WAIT, text, count=1, href=reason.href)


def _pool(task: Task, pools: PoolsWork, name: str, rollout: Rollout | None, move: NextRing) -> TaskPoolView:
    note = _started_note(task, pools, name, rollout) if rollout else _waiting_note(task, pools, name, move)
    return TaskPoolView(
        pool=name,
        ring=pools.update.rings.get(name, 0),
        state=rollout.state if rollout else None,
        percent=rollout_progress.brief_percent(rollout) if rollout else 0,
        rollout=rollout.id if rollout else "",
        href=rollout_href(rollout.id) if rollout else "",
        back=pools.back.get(name, ""),
        note=note,
    )


def _started_note(task: Task, pools: PoolsWork, name: str, rollout: Rollout) -> Message | None:
    if reason := pools.not_back.get(name):
        return _with_text(reason, f"not rolled back: {reason.text}")
    if back := pools.back.get(name):
        text = "was rolled back" if task.state.ended else "is being rolled back"
        return message(Code.ROLLED_BACK if task.state.ended else Code.ROLLING_BACK, text, href=rollout_href(back))
    if task.cancel_how is CancelHow.ROLL_BACK and rollout.state is RolloutState.SUCCEEDED and not task.state.ended:
        return message(Code.TO_BE_ROLLED_BACK, "will be rolled back")
    if suspended := suspension.of_rollout(rollout):
        return suspended
    if rollout.state is RolloutState.AWAITING_APPROVAL and rollout.second.awaiting_since is None:
        text = "waits for approval of its canary hosts"
        return message(Code.WAITS_FOR_APPROVAL, text, href=rollout_href(rollout.id))
    return rollout.note


def _waiting_note(task: Task, pools: PoolsWork, name: str, move: NextRing) -> Message:
    """Why the rollout of a pool is not started, or not yet."""
    if reason := pools.skipped.get(name):
        return _with_text(reason, f"not updated: {reason.text}")
    if reason := pools.refused.get(name):
        return _with_text(reason, f"not started: {reason.text}")
    if task.state.ended or task.cancelled_by or task.failure:
        return message(Code.NOT_STARTED, "not started")
    if task.second.awaiting_since:
        return message(Code.WAITS_FOR_APPROVAL, "waits for approval")
    if move.stopping:
        return message(Code.NOT_STARTED, "not started, because another pool did not succeed")
    if reason := pools.held.get(name):
        return _with_text(reason, f"waits: {reason.text}")
    rings = pools.update.rings
    before = [ring for ring in rings.values() if ring < rings.get(name, 0)]
    if before and move.ring != rings.get(name, 0):
        return message(Code.WAITS_FOR_RING, f"waits for ring {max(before)}", count=max(before))
    return _own_ring_note(move)


def _own_ring_note(move: NextRing) -> Message:
    """The note of a pool whose ring is next."""
    if move.gate:
        return message(Code.RING_WAITS_FOR_APPROVAL, f"waits for approval of ring {move.ring}", at=move.until)
    if move.until:
        return message(Code.RING_SOAKS, "waits for the end of the soak time", at=move.until)
    return message(Code.RING_STARTS, "starts now")


def _with_text(reason: Message, text: str) -> Message:
    return reason.model_copy(update={"text": text})


type StartedRollouts = Mapping[str, Rollout]
"""Pool -> its rollout in a task, without rollouts that are recorded but not started."""


def read_rollouts(services: Services, pools: PoolsWork) -> dict[str, Rollout]:
    """The rollouts that the task has started. Ids are recorded first, so some rows may not exist yet."""
    found = {pool: services.rollouts.find(ROLLOUTS, rollout) for pool, rollout in pools.rollouts.items()}
    return {pool: rollout for pool, rollout in found.items() if rollout}


def not_started_text(services: Services, pools: PoolsWork) -> str:
    """A sentence that names the pools whose rollout was not started; empty when all were."""
    started = read_rollouts(services, pools)
    left = [name for name in pools.update.pools if name not in started]
    return f" Pools that were not started: {names_text(left)}." if left else ""


def not_updated_text(pools: PoolsWork) -> str:
    """A sentence for each pool that is not updated, with the reason."""
    return "".join(
        f" Pool {name} was not updated: {reason.text.rstrip('.')}." for name, reason in sorted(pools.skipped.items())
    )


def pool_progress(pools: PoolsWork, started: StartedRollouts) -> list[PoolProgress]:
    """The progress of each pool, without skipped ones."""
    return [_progress_of(pools, name, started.get(name)) for name in pools.update.pools if name not in pools.skipped]


def _progress_of(pools: PoolsWork, name: str, rollout: Rollout | None) -> PoolProgress:
    ring = pools.update.rings.get(name, 0)
    if rollout is None:
        reason = text_of(pools.refused.get(name))
        return PoolProgress(name, ring, RolloutState.FAILED if reason else None, reason=reason)
    withdrawn = rollout.note is not None and rollout.note.code == Code.VERSION_WITHDRAWN
    return PoolProgress(name, ring, rollout.state, rollout.ended_at, text_of(rollout.note) if withdrawn else "")


def next_ring_of(pools: PoolsWork, started: StartedRollouts, now: datetime) -> NextRing:
    """What the task does next with its pools."""
    return next_ring(pool_progress(pools, started), timedelta(minutes=pools.update.soak_minutes), now, pools.closed)


def percent_of(pools: PoolsWork, started: StartedRollouts) -> int:
    """Percent of the work on the pools: the mean over their rollouts. Rollouts that are not started count as 0."""
    counted = [name for name in pools.update.pools if name not in pools.skipped]
    return sum(rollout_progress.brief_percent(started[name]) for name in counted if name in started) // max(
        1, len(counted)
    )
