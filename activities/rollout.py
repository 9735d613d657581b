"""The activity of `publish_image`."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.rollouts.reconcile.reconcile import look_or_glance
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine

bp = df.Blueprint()


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def look_at_pool(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Look once at the pool of the rollout in `given`, or at the hosts that somebody has `left`; do what follows."""
    work = services()
    answer = look_or_glance(work, DurableEngine(client), given)
    return {
        "ended": answer.ended,
        "state": answer.state,
        "next_look": answer.next_look.isoformat() if answer.next_look else None,
        "gap": work.settings.look_gap,
        "calm": answer.calm.total_seconds(),
        "enough": answer.enough,
        "whole": answer.whole,
    }
