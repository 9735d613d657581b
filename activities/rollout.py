"""The activity of `publish_image`."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.engine import DurableEngine
from shared.publishing.look import look
from shared.wiring import services

bp = df.Blueprint()


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def look_at_pool(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Look once at the pool of the rollout in `given`, and do what follows from it."""
    work = services()
    answer = look(work, DurableEngine(client), given["rollout"], given["run"])
    next_look = answer.next_look.isoformat() if answer.next_look else None
    return {"ended": answer.ended, "state": answer.state, "next_look": next_look, "gap": work.settings.look_gap}
