"""The list of tasks: filters and order."""

from __future__ import annotations

from typing import Literal

from shared.api.lists.common import HistoryQuery, Several
from shared.core.states import RolloutState, TaskState
from shared.models.base import Name
from shared.models.tasks import TaskKind

TaskSort = Literal["created_at", "ended_at", "kind", "image", "state", "requested_by"]


class TasksQuery(HistoryQuery):
    """Tasks that all given filters accept. Rollouts are tasks of kind `rollout`; rollouts that refresh a pool are of
    kind `refresh`."""

    kind: Several[TaskKind | Literal["rollout", "refresh"]] | None = None
    """`rollout` includes refreshes; `refresh` gives only them."""
    image: Name | None = None
    pool: Name | None = None
    """Rollouts of this pool, and tasks that update it."""
    state: Several[TaskState | RolloutState] | None = None
    sort: TaskSort = "created_at"
