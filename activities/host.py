"""The activities of `reimage_host`: one for each step of a host, which goes on to the steps after it."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.core.steps import HOST_STEPS
from shared.rollouts.hosts.runner import drive_host
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine

bp = df.Blueprint()


def _register(name: str) -> None:
    """Register the activity of one step under the step's name."""

    def run(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
        outcome = drive_host(services(), DurableEngine(client), given, name)
        return {"action": str(outcome.action), "seconds": outcome.seconds, "step": outcome.step}

    run.__name__ = name
    bp.durable_client_input(client_name="client")(bp.activity_trigger(input_name="given")(run))


for step_name in HOST_STEPS:
    _register(step_name)
