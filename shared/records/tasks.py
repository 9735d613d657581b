"""Finds, writes and ends tasks, and writes their audit entries."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from shared.audit.about import about_task
from shared.audit.record import audit
from shared.core.asking import asker
from shared.core.errors import AlreadyExists, AzureBusy, NotFound, StaleRow
from shared.core.ids import newest_first_id
from shared.core.states import TaskState, transition_task
from shared.models.base import VersionText
from shared.models.messages import Message
from shared.models.tasks import PoolsWork, Task, TaskKind
from shared.records import just_read
from shared.records.ownership import owners_of_work
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
"""What a task does, in the words of the audit log."""


def find_task(services: Services, task_id: str) -> Task:
    """A task on an image. Raises NotFound."""
    task = just_read.take(Task, task_id) or services.tasks.find(TASKS, task_id)
    if task is None:
        raise NotFound("task", task_id)
    return task


def new_task(
    services: Services,
    kind: TaskKind,
    image: str,
    who: str,
    *,
    version: VersionText | None,
    pools: PoolsWork | None = None,
    requester: str = "",
    **fields: Any,
) -> Task:
    """A task that begins now. It is not written yet."""
    now = services.now()
    return Task(
        id=newest_first_id(now),
        kind=kind,
        image=image,
        accounts=owners_of_work(services, image, pools),
        pools=pools,
        version=version,
        requested_by=who,
        requester=requester or asker().id,
        created_at=now,
        step_since=now,
        **fields,
    )


def write_task(services: Services, task: Task) -> Task:
    """Write the task. Raises AzureBusy only if it was not written; a lost response does not matter."""
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

    The audit entry comes first. After a crash, both are written again, and two entries are better than none.
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
    """Write an audit entry: who did what to which image, from which version to which."""
    detail = f"task {task.id}" + (f": {task.reason}" if task.reason else "")
    audit(
        services,
        task.requested_by,
        WORDS[task.kind],
        task.image,
        detail,
        before=before,
        after=after,
        about=about_task(task),
    )


def forget_task(services: Services, task: Task) -> None:
    """Remove the row of a task that was refused before it changed anything."""
    with suppress(StaleRow, NotFound):  # it is running already: its first step is refused in the same way
        services.tasks.remove(find_task(services, task.id))
