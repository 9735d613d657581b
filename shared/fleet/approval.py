"""Approves the next ring of a task: once, by a person, and only when it is that ring's turn."""

from __future__ import annotations

from shared.access.two_people.approvers import Approver
from shared.api.tasks import ApproveRingRequest, TaskView
from shared.audit.about import about_task
from shared.audit.record import audit
from shared.core.asking import asker
from shared.core.errors import Conflict, NotFound
from shared.fleet.second_person import approve_task
from shared.models.messages import text_of
from shared.models.tasks import Approval, Gate, PoolsWork, Task
from shared.planning.rings import NextRing
from shared.records.change import change
from shared.records.tasks import WORDS
from shared.services import ROLLOUTS, TASKS, Services
from shared.views.fleet import StartedRollouts, next_ring_of, read_rollouts
from shared.views.tasks import view


def approve_ring(services: Services, task_id: str, asked: ApproveRingRequest, me: Approver, who: str) -> TaskView:
    """Approve the task as its second person, while it waits for one; else the waiting ring.

    Approving one is not approving the other. Raises NotFound; NotAllowed for somebody who may not be the second person;
    Conflict when no ring waits, or another one than the request names. Repeating it changes nothing.
    """
    started: StartedRollouts = {}

    def decide(task: Task) -> Task | None:
        nonlocal started
        pools = _pools_of(task)
        started = read_rollouts(services, pools)
        ring = _ring(task, pools, next_ring_of(pools, started, services.now()), asked.ring)
        approval = None if ring is None else Approval(ring=ring, by=who, by_id=asker().id, at=services.now())
        return _approved(task, pools, approval) if approval else None

    known = _to_approve(services, task_id)
    if known.second.awaiting_since:
        _refuse_ring(known, asked)
        return approve_task(services, known, me, who)
    if known.second.at and asked.ring is None and (known.pools is None or known.pools.update.gate is Gate.AUTO):
        return view(known, services.now(), read_rollouts(services, known.pools) if known.pools else None)
    before, task = change(services.tasks, (TASKS, task_id), decide, describe="task", known=known)
    if task is not before:
        detail = f"task {task.id}: ring {_pools_of(task).approvals[-1].ring}"
        audit(services, who, "approve ring", task.image, detail, after=task.version or "", about=about_task(task))
    return view(task, services.now(), started)


def _refuse_ring(task: Task, asked: ApproveRingRequest) -> None:
    if asked.ring is not None:
        text = f"Task {task.id} has not begun: it waits for a second person. Approve it without naming a ring."
        raise Conflict(text, task=task.id)


def _to_approve(services: Services, task_id: str) -> Task:
    task = services.tasks.find(TASKS, task_id)
    if task is None and services.rollouts.find(ROLLOUTS, task_id):
        text = f"Task {task_id} is a rollout. Approve it as a rollout."
        raise Conflict(text, rollout=task_id)
    if task is None:
        raise NotFound("task", task_id)
    return task


def _pools_of(task: Task) -> PoolsWork:
    if task.pools is None:
        text = f"Task {task.id} ({WORDS[task.kind]}) updates no pools, so there is nothing to approve."
        raise Conflict(text, task=task.id)
    return task.pools


def _ring(task: Task, pools: PoolsWork, move: NextRing, asked: int | None) -> int | None:
    """The ring to approve; None when that is done already. Raises Conflict."""
    if asked in pools.approved:
        return None
    blocked_reason = _over(task, move)
    if not blocked_reason and asked is None and move.ring in pools.approved:
        return None
    if blocked_reason := blocked_reason or _not_waiting(pools, move):
        raise Conflict(f"Task {task.id} {blocked_reason}.", task=task.id)
    if asked is not None and asked != move.ring:
        raise Conflict(f"Ring {move.ring} of task {task.id} waits for approval, not ring {asked}.", task=task.id)
    return move.ring


def _over(task: Task, move: NextRing) -> str:
    """Why no other ring will be started; empty when one may be."""
    if task.state.ended:
        return f"has ended ({task.state.value}): it is too late to approve a ring"
    if task.cancelled_by:
        return f"was cancelled by {task.cancelled_by}: nothing more is started"
    if task.failure or move.stopping:
        return "starts nothing more, because a pool did not succeed"
    return ""


def _not_waiting(pools: PoolsWork, move: NextRing) -> str:
    """Why no ring waits for approval; empty when one does."""
    if pools.update.gate is Gate.AUTO:
        return "goes on by itself (gate: auto), so there is nothing to approve"
    if not move.gate:
        return f"waits for no approval now: {text_of(move.reason) or f'ring {move.ring} starts'}"
    return ""


def _approved(task: Task, pools: PoolsWork, approval: Approval) -> Task:
    approvals = (*pools.approvals, approval)
    return task.model_copy(update={"pools": pools.model_copy(update={"approvals": approvals})})
