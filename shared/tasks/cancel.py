"""Cancelling a task: one conditional write of its row, which its next step finds."""

from __future__ import annotations

import logging

from shared.api.tasks import TaskView
from shared.audit.about import about_task
from shared.audit.record import audit
from shared.core.errors import Conflict, FreshcoatError, InvalidRequest, NotFound
from shared.core.names import REPLICATE_VERSION, UPDATE_POOLS
from shared.core.states import TaskState
from shared.core.steps import is_completed
from shared.core.task_steps import CAPTURE_STEPS, FLEET_UPDATE_STEPS
from shared.fleet.undo import stop_running
from shared.models.tasks import CancelHow, Task, TaskKind
from shared.ports.engine import Engine
from shared.records.change import change
from shared.records.tasks import WORDS
from shared.services import ROLLOUTS, TASKS, Services
from shared.views.fleet import read_rollouts
from shared.views.tasks import view

_log = logging.getLogger(__name__)


def cancel_task(services: Services, engine: Engine, task_id: str, how: CancelHow, who: str) -> TaskView:
    """Cancel a task: its next step stops it. Raises NotFound, InvalidRequest, Conflict.

    A set-as-image cleans up and creates no version. An activation starts no more pools; its switch and its running
    rollouts stay. A fleet update also stops its rollouts; with `roll_back` it rolls back all its pools, finished ones
    too. Repeating it changes nothing; a fleet update cancelled with `leave` can still be rolled back.
    """

    def decide(task: Task) -> Task | None:
        _refuse_way_back(task, how)
        if _already(task, how):
            return None
        _refuse_late(task, how)
        return _cancelled(services, task, how, who)

    known = _to_cancel(services, task_id)
    before, task = change(services.tasks, (TASKS, task_id), decide, describe="task", known=known)
    if task is not before:
        text = f" ({how.value})" if task.kind is TaskKind.UPDATE_POOLS else ""
        detail = f"task {task.id}: {WORDS[task.kind]}{text}"
        audit(services, who, "cancel task", task.image, detail, about=about_task(task))
        _stop_at_once(services, engine, task)
    return _seen(services, task)


def _to_cancel(services: Services, task_id: str) -> Task:
    task = services.tasks.find(TASKS, task_id)
    if task is not None:
        return task
    if services.rollouts.find(ROLLOUTS, task_id) is None:
        raise NotFound("task", task_id)
    text = f"Task {task_id} is a rollout. Cancel it as a rollout."
    raise Conflict(text, rollout=task_id)


def _refuse_way_back(task: Task, how: CancelHow) -> None:
    """Only a fleet update can roll back its pools: an activation has switched the version of all pools."""
    if how is CancelHow.LEAVE or task.kind is TaskKind.UPDATE_POOLS:
        return
    text = f"this task ({WORDS[task.kind]}) rolls nothing back when it is cancelled; leave this out"
    if task.kind in {TaskKind.ACTIVATE, TaskKind.ROLL_BACK}:
        text += ", and roll the image back instead"
    raise InvalidRequest.one("how", text)


def _already(task: Task, how: CancelHow) -> bool:
    """Whether it is already cancelled this way. Raises Conflict for a fleet update that is rolling back its pools."""
    if not task.cancelled_by or task.state not in {TaskState.RUNNING, TaskState.CANCELLED}:
        return False
    if task.cancel_how is how:
        return True
    if how is CancelHow.LEAVE:
        raise Conflict(f"Task {task.id} already rolls its pools back. Wait for its end.", task=task.id)
    return False


def _refuse_late(task: Task, how: CancelHow) -> None:
    """A replicated version is staged next: from then on it can be discarded instead of cancelled."""
    if task.state.ended:
        text = f"Task {task.id} has ended ({task.state.value}): it is too late to cancel it."
        raise Conflict(text + _one_by_one(task, how), task=task.id)
    if task.failure and not task.cancelled_by:
        raise Conflict(f"Task {task.id} has failed and is cleaning up: wait for its end.", task=task.id)
    if task.kind is TaskKind.SET_AS_IMAGE and is_completed(CAPTURE_STEPS, task.phase, REPLICATE_VERSION):
        raise Conflict(
            f"Task {task.id} has made version {task.version} already. Wait for its end, then discard the version.",
            task=task.id,
        )
    if task.kind is TaskKind.UPDATE_POOLS and is_completed(FLEET_UPDATE_STEPS, task.phase, UPDATE_POOLS):
        raise Conflict(f"Task {task.id} has updated all its pools.{_one_by_one(task, how)}", task=task.id)


def _one_by_one(task: Task, how: CancelHow) -> str:
    back = task.kind is TaskKind.UPDATE_POOLS and how is CancelHow.ROLL_BACK
    return " Roll back each pool instead." if back else ""


def _cancelled(services: Services, task: Task, how: CancelHow, who: str) -> Task:
    changes: dict[str, object] = {"cancelled_by": who, "cancelled_at": services.now(), "cancel_how": how}
    if task.kind is TaskKind.SET_AS_IMAGE:
        changes["failure"] = f"cancelled by {who}"
    return task.model_copy(update=changes)


def _stop_at_once(services: Services, engine: Engine, task: Task) -> None:
    """Stop the rollouts of a fleet update now; its next step makes sure of it."""
    if task.kind is not TaskKind.UPDATE_POOLS or task.pools is None:
        return
    try:
        stop_running(services, engine, task, read_rollouts(services, task.pools))
    except FreshcoatError:
        _log.warning("Task %s is cancelled; its next step stops its rollouts.", task.id, exc_info=True)


def _seen(services: Services, task: Task) -> TaskView:
    return view(task, services.now(), read_rollouts(services, task.pools) if task.pools else None)
