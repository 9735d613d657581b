"""The steps of tasks: which function is behind each, how long it may take, and one activity for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.core import names
from shared.core.settings import Settings
from shared.fleet.steps import end_fleet_update, update_pools
from shared.images.activation.steps import end_activation, flip_flags, switch_version
from shared.images.capture.clean_up import clean_up
from shared.images.capture.steps import (
    capture_image,
    capture_version,
    claim_image,
    copy_disk,
    create_copy,
    generalize_copy,
    prepare_copy,
    record_version,
    replicate_version,
    restart_template,
    snapshot_template,
    switch_off_template,
)
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine
from shared.workflow.task_runner import TaskStepRun, run_task_step


@dataclass(frozen=True)
class TaskStepKind:
    """One step; `limit` is in seconds, None when it waits for people."""

    run: TaskStepRun
    limit: Callable[[Settings], float | None]


TASK_STEPS: dict[str, TaskStepKind] = {
    names.CLAIM_IMAGE: TaskStepKind(claim_image, lambda s: s.power_limit),
    names.SWITCH_OFF_TEMPLATE: TaskStepKind(switch_off_template, lambda s: s.power_limit),
    names.SNAPSHOT_TEMPLATE: TaskStepKind(snapshot_template, lambda s: s.snapshot_limit),
    names.RESTART_TEMPLATE: TaskStepKind(restart_template, lambda s: s.power_limit),
    names.COPY_DISK: TaskStepKind(copy_disk, lambda s: s.clone_limit),
    names.CREATE_COPY: TaskStepKind(create_copy, lambda s: s.clone_limit),
    names.PREPARE_COPY: TaskStepKind(prepare_copy, lambda s: s.prepare_limit),
    names.GENERALIZE_COPY: TaskStepKind(generalize_copy, lambda s: s.power_limit),
    names.CAPTURE_IMAGE: TaskStepKind(capture_image, lambda s: s.capture_limit),
    names.CAPTURE_VERSION: TaskStepKind(capture_version, lambda s: s.capture_limit),
    names.REPLICATE_VERSION: TaskStepKind(replicate_version, lambda s: s.replication_limit),
    names.RECORD_VERSION: TaskStepKind(record_version, lambda s: s.power_limit),
    # Its own limit holds for each thing it removes: this step must come to its end.
    names.CLEAN_UP: TaskStepKind(clean_up, lambda _: None),
    names.SWITCH_VERSION: TaskStepKind(switch_version, lambda s: s.power_limit),
    names.FLIP_FLAGS: TaskStepKind(flip_flags, lambda s: s.capture_limit),
    names.UPDATE_POOLS: TaskStepKind(update_pools, lambda _: None),
    names.END_ACTIVATION: TaskStepKind(end_activation, lambda _: None),
    names.END_FLEET_UPDATE: TaskStepKind(end_fleet_update, lambda _: None),
}


bp = df.Blueprint()


def _register(name: str) -> None:
    """Register the activity of one step under the step's name."""

    def run(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
        work, step = services(), TASK_STEPS[name]
        outcome = run_task_step(work, DurableEngine(client), given, name, step.run, step.limit(work.settings))
        return {"action": str(outcome.action), "seconds": outcome.seconds}

    run.__name__ = name
    bp.durable_client_input(client_name="client")(bp.activity_trigger(input_name="given")(run))


for step_name in TASK_STEPS:
    _register(step_name)
