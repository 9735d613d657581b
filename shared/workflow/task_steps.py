"""The steps of each kind of task that is driven, and what part of the work each is. Pure."""

from __future__ import annotations

from shared.core import names
from shared.core.steps import ACTIVATION_STEPS, CAPTURE_STEPS, FLEET_UPDATE_STEPS
from shared.models.tasks import TaskKind

STEPS = {
    TaskKind.SET_AS_IMAGE: CAPTURE_STEPS,
    TaskKind.ACTIVATE: ACTIVATION_STEPS,
    TaskKind.ROLL_BACK: ACTIVATION_STEPS,
    TaskKind.UPDATE_POOLS: FLEET_UPDATE_STEPS,
}
"""The steps of a task that is driven, in order, by its kind."""

STEP_WEIGHTS = {
    names.CLAIM_IMAGE: 1,
    names.SWITCH_OFF_TEMPLATE: 3,
    names.SNAPSHOT_TEMPLATE: 2,
    names.RESTART_TEMPLATE: 3,
    names.COPY_DISK: 2,
    names.CREATE_COPY: 6,
    names.PREPARE_COPY: 20,
    names.GENERALIZE_COPY: 5,
    names.CAPTURE_IMAGE: 5,
    names.CAPTURE_VERSION: 20,
    names.REPLICATE_VERSION: 28,
    names.RECORD_VERSION: 1,
    names.CLEAN_UP: 4,
    names.SWITCH_VERSION: 5,
    names.FLIP_FLAGS: 10,
    names.UPDATE_POOLS: 80,
    names.END_ACTIVATION: 5,
    names.END_FLEET_UPDATE: 1,
}
"""What part of the work a step is, against the others of its task; estimates after azure-facts 1.9."""


def percent_done(kind: TaskKind, name: str, percent: int) -> int:
    """Percent of a task's work that is done when so many percent of this step are. Rounded down."""
    steps = STEPS[kind]
    before = sum(STEP_WEIGHTS[step] for step in steps[: steps.index(name)])
    return (100 * before + STEP_WEIGHTS[name] * percent) // sum(STEP_WEIGHTS[step] for step in steps)


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
    names.END_FLEET_UPDATE: "ending",
}
"""What a task is doing in a step, in plain words."""
