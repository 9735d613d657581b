"""Tasks as they are read: the list with rollouts among them, one with its steps."""

from __future__ import annotations

from typing import Any, Literal

from shared.api.common import Listed
from shared.api.tasks import TaskBrief, TaskView
from shared.core.errors import NotFound
from shared.core.states import RolloutState, TaskState
from shared.imaging import task_views
from shared.imaging.standings import read_rollouts
from shared.models.rollouts import RolloutKind
from shared.models.tasks import TaskKind
from shared.ports.paging import merged
from shared.ports.storage import Page
from shared.services import ROLLOUTS, TASKS, Services


def list_tasks(
    services: Services,
    *,
    kind: TaskKind | Literal["rollout", "refresh"] | None = None,
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
    rollouts_too = kind in {None, task_views.ROLLOUT, task_views.REFRESH}
    if (kind is None or not rollouts_too) and (state is None or state in set(TaskState)):
        asked = equal | ({"kind": kind} if kind else {}) | ({"state": TaskState(state)} if state else {})
        tasks = services.tasks.page(TASKS, **where, **asked)
        pages.append(Page([task_views.brief(row) for row in tasks.rows], tasks.continuation))
    if rollouts_too and (state is None or state in set(RolloutState)):
        asked = equal | ({"state": RolloutState(state)} if state else {})
        asked |= {"kind": RolloutKind.REFRESH} if kind == task_views.REFRESH else {}
        rollouts = services.rollouts.page(ROLLOUTS, **where, **asked)
        pages.append(Page([task_views.rollout_brief(row) for row in rollouts.rows], rollouts.continuation))
    page = merged(pages, lambda row: row.id, limit=limit)
    return Listed[TaskBrief](items=page.rows, continuation=page.continuation)


def read_task(services: Services, task_id: str) -> TaskView:
    """One task with its steps, or a rollout as a task. Raises NotFound."""
    task = services.tasks.find(TASKS, task_id)
    if task is not None:
        return task_views.view(task, services.now(), read_rollouts(services, task.pools) if task.pools else None)
    rollout = services.rollouts.find(ROLLOUTS, task_id)
    if rollout is None:
        raise NotFound("task", task_id)
    return task_views.rollout_view(rollout, services.hosts.all(task_id), services.now())
