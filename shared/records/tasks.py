"""The rows of tasks: made, ended, and noted in the audit."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from shared.audit.record import audit
from shared.core.errors import AlreadyExists, AzureBusy, NotFound, StaleRow
from shared.core.ids import newest_first_id
from shared.core.states import TaskState, transition_task
from shared.models.base import VersionText
from shared.models.messages import Message
from shared.models.tasks import Task, TaskKind
from shared.services import TASKS, Services

WORDS = {
    TaskKind.SET_AS_IMAGE: "set as image",
    TaskKind.STAGE: "stage version",
    TaskKind.VERDICT: "give verdict",
    TaskKind.ACTIVATE: "activate version",
    TaskKind.ROLL_BACK: "roll back image",
    TaskKind.DISCARD: "discard version",
    TaskKind.UPDATE_POOLS: "update pools",
    TaskKind.REMOVE: "remove version",
}
"""What a task does, as the audit says it."""


def find_task(services: Services, task_id: str) -> Task:
    """A task on an image. Raises NotFound."""
    task = services.tasks.find(TASKS, task_id)
    if task is None:
        raise NotFound("task", task_id)
    return task


def new_task(
    services: Services, kind: TaskKind, image: str, who: str, *, version: VersionText | None, **fields: Any
) -> Task:
    """A task that begins now; not yet written."""
    now = services.now()
    return Task(
        id=newest_first_id(now),
        kind=kind,
        image=image,
        version=version,
        requested_by=who,
        created_at=now,
        step_since=now,
        **fields,
    )


def write_task(services: Services, task: Task) -> Task:
    """The task, written. Raises AzureBusy when it was not; that its answer was lost does not count."""
    try:
        return services.tasks.add(task)
    except AlreadyExists:
        return find_task(services, task.id)
    except AzureBusy:
        found = services.tasks.find(TASKS, task.id)
        if found is None:
            raise
        return found


def note_done(services: Services, task: Task, note: Message, *, before: str = "", after: str = "") -> Task:
    """Write a task whose work was done at once, and its audit entry. Raises AlreadyExists when that was done before.

    The audit comes first: who finds no task for a change writes both, and an entry twice is better than none.
    """
    ended = task.model_copy(
        update={
            "state": transition_task(task.id, task.state, TaskState.SUCCEEDED),
            "ended_at": services.now(),
            "percent": 100,
            "note": note,
        }
    )
    audit_task(services, ended, before=before, after=after)
    return services.tasks.add(ended)


def audit_task(services: Services, task: Task, *, before: str = "", after: str = "") -> None:
    """Note who did it, to what, from and to."""
    detail = f"task {task.id}" + (f": {task.reason}" if task.reason else "")
    audit(services, task.requested_by, WORDS[task.kind], task.image, detail, before=before, after=after)


def forget_task(services: Services, task: Task) -> None:
    """Remove the row of a task that was refused before it had changed anything."""
    with suppress(StaleRow, NotFound):  # somebody drives it already: its first step finds out the same
        services.tasks.remove(find_task(services, task.id))
