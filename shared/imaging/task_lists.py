"""Tasks as they are read and cancelled: the list with rollouts among them, one with its steps."""

from __future__ import annotations

from typing import Any, Literal

from shared.audit import audit
from shared.errors import Conflict, NotFound, StaleRow
from shared.imaging import task_views
from shared.imaging.tasks import WORDS
from shared.models.image_views import TaskBrief, TaskView
from shared.models.tasks import Task, TaskKind
from shared.models.views import Listed
from shared.names import REPLICATE_VERSION
from shared.paging import merged
from shared.ports import Page
from shared.services import ROLLOUTS, TASKS, Services
from shared.states import RolloutState, TaskState
from shared.steps import CAPTURE_STEPS, behind

_ATTEMPTS = 8


def list_tasks(
    services: Services,
    *,
    kind: TaskKind | Literal["rollout"] | None = None,
    image: str | None = None,
    state: TaskState | RolloutState | None = None,
    limit: int,
    continuation: str | None,
) -> Listed[TaskBrief]:
    """A page of tasks and rollouts, newest first, of one kind, image or state if given.

    Both have ids that sort newest first, and are kept under them: one continuation says for both tables where the
    next page begins.
    """
    equal: dict[str, Any] = {"image": image} if image else {}
    where: dict[str, Any] = {"limit": limit, "continuation": continuation}
    pages = []
    if kind != task_views.ROLLOUT and (state is None or state in set(TaskState)):
        asked = equal | ({"kind": kind} if kind else {}) | ({"state": TaskState(state)} if state else {})
        tasks = services.tasks.page(TASKS, **where, **asked)
        pages.append(Page([task_views.brief(row) for row in tasks.rows], tasks.continuation))
    if kind in {None, task_views.ROLLOUT} and (state is None or state in set(RolloutState)):
        asked = equal | ({"state": RolloutState(state)} if state else {})
        rollouts = services.rollouts.page(ROLLOUTS, **where, **asked)
        pages.append(Page([task_views.rollout_brief(row) for row in rollouts.rows], rollouts.continuation))
    page = merged(pages, lambda row: row.id, limit=limit)
    return Listed[TaskBrief](items=page.rows, continuation=page.continuation)


def read_task(services: Services, task_id: str) -> TaskView:
    """One task with its steps, or a rollout as a task. Raises NotFound."""
    task = services.tasks.find(TASKS, task_id)
    if task is not None:
        seen = task_views.view(task)
        # Ids are noted before their rollouts are asked for: those that are not there yet would be answered 404.
        begun = {pool: id_ for pool, id_ in seen.rollouts.items() if services.rollouts.find(ROLLOUTS, id_)}
        return seen.model_copy(update={"rollouts": begun})
    rollout = services.rollouts.find(ROLLOUTS, task_id)
    if rollout is None:
        raise NotFound("task", task_id)
    return task_views.rollout_view(rollout, services.hosts.all(task_id), services.now())


def cancel_task(services: Services, task_id: str, who: str) -> TaskView:
    """Have a task stop: its next step finds it cancelled. Raises NotFound, Conflict.

    A set-as-image cleans up and makes no version. An activation begins no more pools; what it has switched stays, and
    rollouts that it has begun go on. Asked again, it changes nothing.
    """
    for _ in range(_ATTEMPTS):
        task = _to_cancel(services, task_id)
        if task.cancelled_by and task.state in {TaskState.RUNNING, TaskState.CANCELLED}:
            return task_views.view(task)
        _refuse_late(task)
        changes = {"cancelled_by": who}
        if task.kind is TaskKind.SET_AS_IMAGE:
            changes["failure"] = f"cancelled by {who}"
        try:
            task = services.tasks.replace(task.model_copy(update=changes))
        except StaleRow:
            continue
        audit(services, who, "cancel task", task.image, f"task {task.id}: {WORDS[task.kind]}")
        return task_views.view(task)
    raise Conflict(f"Task {task_id} is changing too fast; try again.", task=task_id)


def _to_cancel(services: Services, task_id: str) -> Task:
    task = services.tasks.find(TASKS, task_id)
    if task is not None:
        return task
    if services.rollouts.find(ROLLOUTS, task_id) is None:
        raise NotFound("task", task_id)
    told = f"Task {task_id} is a rollout: cancel it with POST /api/rollouts/{task_id}/cancel."
    raise Conflict(told, rollout=task_id)


def _refuse_late(task: Task) -> None:
    """A version that is replicated is recorded next: from there on it is staged, and can be discarded instead."""
    if task.state.ended:
        raise Conflict(f"Task {task.id} has ended ({task.state.value}): it is too late to cancel it.", task=task.id)
    if task.failure:
        raise Conflict(f"Task {task.id} has failed and is cleaning up: wait for its end.", task=task.id)
    if task.kind is TaskKind.SET_AS_IMAGE and behind(CAPTURE_STEPS, task.phase, REPLICATE_VERSION):
        raise Conflict(
            f"Task {task.id} has made version {task.version} already. Wait for its end, then discard the version.",
            task=task.id,
        )
