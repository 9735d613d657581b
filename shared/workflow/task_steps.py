"""Which steps a task has by its kind, and how much of a task is done. Pure."""

from __future__ import annotations

from shared.core.task_steps import ACTIVATION_STEPS, CAPTURE_STEPS, FLEET_UPDATE_STEPS, TASK_STEPS
from shared.models.tasks import TaskKind

STEPS = {
    TaskKind.SET_AS_IMAGE: CAPTURE_STEPS,
    TaskKind.ACTIVATE: ACTIVATION_STEPS,
    TaskKind.ROLL_BACK: ACTIVATION_STEPS,
    TaskKind.UPDATE_POOLS: FLEET_UPDATE_STEPS,
}
"""The steps of a task, in order, by its kind. Tasks of the other kinds have none: they end with their request."""


def percent_done(kind: TaskKind, name: str, percent: int) -> int:
    """How much of a task is done when `percent` of step `name` is done. Rounded down."""
    steps = STEPS[kind]
    before = sum(TASK_STEPS[step].weight for step in steps[: steps.index(name)])
    return (100 * before + TASK_STEPS[name].weight * percent) // sum(TASK_STEPS[step].weight for step in steps)
