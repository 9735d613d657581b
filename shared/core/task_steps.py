"""The steps of each kind of task, in order: one row for each step. Pure.

The row is the only place that names a step, apart from its function and the line of that function in
`activities/task.py`. A name that other code refers to is a constant in `shared/core/names.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.core.names import REPLICATE_VERSION, RESTART_TEMPLATE, SWITCH_VERSION, UPDATE_POOLS
from shared.core.settings import Settings

type Limit = Callable[[Settings], float | None]
"""How many seconds a step may take in all, from the settings. None: no limit."""


def no_limit(_: Settings) -> None:
    """For a step that waits for people, or that must run to its end."""
    return


@dataclass(frozen=True)
class TaskStepRow:
    """One step of a task. `name` is its function's and its activity's name, and is stored in the task's row."""

    name: str
    words: str
    """What the task does in this step, as people read it."""
    weight: int
    """The step's share of the work, relative to the task's other steps; estimates after azure-facts 1.9."""
    limit: Limit


_UPDATE_POOLS = TaskStepRow(UPDATE_POOLS, "updating pools", 80, no_limit)

CAPTURE = (
    TaskStepRow("claim_image", "reserving the image", 1, lambda s: s.power_limit),
    TaskStepRow("switch_off_template", "powering off the template VM", 3, lambda s: s.power_limit),
    TaskStepRow("snapshot_template", "taking a snapshot", 2, lambda s: s.snapshot_limit),
    TaskStepRow(RESTART_TEMPLATE, "starting the template VM again", 3, lambda s: s.power_limit),
    TaskStepRow("copy_disk", "copying the disk of the template VM", 2, lambda s: s.clone_limit),
    TaskStepRow("create_copy", "creating the clone", 6, lambda s: s.clone_limit),
    TaskStepRow("prepare_copy", "preparing the clone (sysprep)", 20, lambda s: s.prepare_limit),
    TaskStepRow("generalize_copy", "generalizing the clone", 5, lambda s: s.power_limit),
    TaskStepRow("capture_image", "capturing the clone", 5, lambda s: s.capture_limit),
    TaskStepRow("capture_version", "creating the version", 20, lambda s: s.capture_limit),
    TaskStepRow(REPLICATE_VERSION, "replicating the version", 28, lambda s: s.replication_limit),
    TaskStepRow("record_version", "recording the version", 1, lambda s: s.power_limit),
    TaskStepRow("clean_up", "cleaning up", 4, no_limit),  # it limits the time of each removal itself
)
ACTIVATION = (
    TaskStepRow(SWITCH_VERSION, "switching the active version", 5, lambda s: s.power_limit),
    TaskStepRow("flip_flags", "setting the latest version in the gallery", 10, lambda s: s.capture_limit),
    _UPDATE_POOLS,
    TaskStepRow("end_activation", "finishing", 5, no_limit),
)
FLEET_UPDATE = (_UPDATE_POOLS, TaskStepRow("end_fleet_update", "finishing", 1, no_limit))

TASK_STEPS = {step.name: step for step in (*CAPTURE, *ACTIVATION, *FLEET_UPDATE)}
"""All steps by name."""


def _names(steps: tuple[TaskStepRow, ...]) -> tuple[str, ...]:
    return tuple(step.name for step in steps)


CAPTURE_STEPS = _names(CAPTURE)
"""The steps of a set-as-image, in order. After a failure only the last one still runs."""
ACTIVATION_STEPS = _names(ACTIVATION)
"""The steps of an activation or a roll-back, in order. After a failure only the last one still runs."""
FLEET_UPDATE_STEPS = _names(FLEET_UPDATE)
"""The steps of a fleet update, in order. After a failure only the last one still runs."""
