"""The steps of tasks: one activity for each, named like its function."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

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
from shared.workflow.task_runner import run_task_step

TASK_STEP_RUNS = {
    run.__name__: run
    for run in (
        claim_image,
        switch_off_template,
        snapshot_template,
        restart_template,
        copy_disk,
        create_copy,
        prepare_copy,
        generalize_copy,
        capture_image,
        capture_version,
        replicate_version,
        record_version,
        clean_up,
        switch_version,
        flip_flags,
        update_pools,
        end_activation,
        end_fleet_update,
    )
}
"""The function of each step in `shared.core.task_steps`."""

bp = df.Blueprint()


def _register(name: str) -> None:
    """Register the activity of one step under the step's name."""

    def run(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
        result = run_task_step(services(), DurableEngine(client), given, name, TASK_STEP_RUNS[name])
        return {"action": str(result.action), "seconds": result.seconds}

    run.__name__ = name
    bp.durable_client_input(client_name="client")(bp.activity_trigger(input_name="given")(run))


for step_name in TASK_STEP_RUNS:
    _register(step_name)
