"""Tasks for people: in a list, and one with its steps. A rollout is shown as a task too. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from shared.api.tasks import TaskBrief, TaskView
from shared.core import names
from shared.core.states import RolloutState
from shared.imaging.pool_views import pools_fields
from shared.imaging.standings import Begun
from shared.models.rollouts import Rollout, RolloutHost, RolloutKind
from shared.models.tasks import Task
from shared.publishing import progress

ROLLOUT: Literal["rollout"] = "rollout"
"""The kind of task that a rollout is."""

REFRESH: Literal["refresh"] = "refresh"
"""The kind of task that refreshing the hosts of a pool is: a rollout that never ends by itself."""

STEP_WORDS = {
    names.CLAIM_IMAGE: "reserving the image",
    names.SWITCH_OFF_TEMPLATE: "switching the template off",
    names.SNAPSHOT_TEMPLATE: "taking a snapshot",
    names.RESTART_TEMPLATE: "starting the template again",
    names.COPY_DISK: "copying the disk of the template",
    names.CREATE_COPY: "making a copy of the template",
    names.PREPARE_COPY: "preparing the copy (sysprep)",
    names.GENERALIZE_COPY: "generalizing the copy",
    names.CAPTURE_IMAGE: "capturing the copy",
    names.CAPTURE_VERSION: "capturing the version",
    names.REPLICATE_VERSION: "replicating the version",
    names.RECORD_VERSION: "recording the version",
    names.CLEAN_UP: "cleaning up",
    names.SWITCH_VERSION: "switching the active version",
    names.FLIP_FLAGS: "setting what is latest in the gallery",
    names.UPDATE_POOLS: "updating pools",
    names.END_ACTIVATION: "ending",
    names.END_JOB: "ending",
}
"""What a task is doing in a step, in plain words."""

ROLLOUT_WORDS = {
    RolloutState.SCHEDULED: "waiting for its time",
    RolloutState.RUNNING: "updating hosts",
    RolloutState.AWAITING_APPROVAL: "waiting for approval",
    RolloutState.PAUSED: "paused",
    RolloutState.ROLLING_BACK: "going back to the version before",
    RolloutState.CANCELLING: "finishing the hosts in work",
}
"""What a rollout is doing in a state; nothing after its end."""


def brief(task: Task) -> TaskBrief:
    """A task for a list, from its own row alone."""
    return TaskBrief(**_fields(task))


def view(task: Task, now: datetime, begun: Begun | None = None) -> TaskView:
    """A task with its steps, and what it has begun or left behind. `begun`: the rollouts of its pools."""
    fields = _fields(task) | {"waits_for": "" if task.state.ended else task.note}
    return TaskView(
        **fields | pools_fields(task, begun or {}, now),
        steps=[step.model_copy(update={"name": words(step.name)}) for step in task.steps],
        left_over=list(task.capture.left_over) if task.capture else [],
        promotion=task.promotion,
    )


def rollout_brief(rollout: Rollout) -> TaskBrief:
    """A rollout in the list of tasks, from its own row alone: its percent is that of its last look."""
    return TaskBrief(**_rollout_fields(rollout, progress.brief(rollout).percent))


def rollout_view(rollout: Rollout, hosts: Sequence[RolloutHost], now: datetime) -> TaskView:
    """A rollout as a task, its percent reckoned from its hosts. Its own address says more."""
    return TaskView(**_rollout_fields(rollout, progress.progress(rollout, hosts, now).percent))


def words(step: str) -> str:
    """A step's name in plain words; a name nobody has words for stays as it is."""
    return STEP_WORDS.get(step, step)


def _fields(task: Task) -> dict[str, Any]:
    return _common(task) | {
        "kind": task.kind,
        "percent": task.percent,
        "step": "" if task.state.ended else words(task.step),
        "note": _note(task),
        "href": f"/api/tasks/{task.id}",
    }


def _rollout_fields(rollout: Rollout, percent: int) -> dict[str, Any]:
    refreshes = rollout.kind is RolloutKind.REFRESH
    keeping = refreshes and rollout.state is RolloutState.RUNNING
    return _common(rollout) | {
        "kind": REFRESH if refreshes else ROLLOUT,
        "pool": rollout.pool,
        "percent": percent,
        "step": "keeping hosts fresh" if keeping else ROLLOUT_WORDS.get(rollout.state, ""),
        "note": rollout.note,
        "href": f"/api/rollouts/{rollout.id}",
    }


def _common(row: Task | Rollout) -> dict[str, Any]:
    shared = TaskBrief.model_fields.keys() - {"kind", "pool", "percent", "step", "note", "href"}
    return {name: getattr(row, name) for name in shared}


def _note(task: Task) -> str:
    """While it runs and cannot succeed any more, the reason for that counts more than what it waits for."""
    if task.state.ended:
        return task.note or task.failure
    cancelled = f"cancelled by {task.cancelled_by}" if task.cancelled_by else ""
    return task.failure or cancelled or task.note
