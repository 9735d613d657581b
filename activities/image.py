"""The activities of `set_as_image`, `activate_image` and `update_many_pools`: one for each step of a task."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from activities.task_steps import TASK_STEPS
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine
from shared.workflow.task_runner import run_task_step

bp = df.Blueprint()


def _register(name: str) -> None:
    """Register the activity of one step under the step's name."""

    def run(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
        work, step = services(), TASK_STEPS[name]
        outcome = run_task_step(work, DurableEngine(client), given, name, step.run, step.limit(work.settings))
        return {"then": str(outcome.then), "seconds": outcome.seconds}

    run.__name__ = name
    bp.durable_client_input(client_name="client")(bp.activity_trigger(input_name="given")(run))


for step_name in TASK_STEPS:
    _register(step_name)
