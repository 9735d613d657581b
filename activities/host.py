"""The activity of `reimage_host`."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.rollouts.hosts import runner
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine

bp = df.Blueprint()


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def run_host_steps(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Run the steps of the host in `given` until one has to wait or none is left."""
    result = runner.run_host_steps(services(), DurableEngine(client), given)
    return {"action": str(result.action), "seconds": result.seconds}
