"""The activity of `publish_image`."""

from __future__ import annotations

import azure.durable_functions as df
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.rollouts.reconcile.reconcile import reconcile
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine

bp = df.Blueprint()


@bp.durable_client_input(client_name="client")
@bp.activity_trigger(input_name="given")
def reconcile_pool(given: dict, client: SyncDurableFunctionsClient) -> dict:  # type: ignore[type-arg]
    """Run one reconcile pass for the rollout in `given`: over the `logged_off` hosts if it names any."""
    app = services()
    result = reconcile(app, DurableEngine(client), given)
    return {
        "ended": result.ended,
        "state": result.state,
        "next_pass_at": result.next_pass_at.isoformat() if result.next_pass_at else None,
        "gap": app.settings.reconcile_gap,
        "deferral": result.deferral.total_seconds(),
        "flush_after": result.flush_after,
        "whole_pool_needed": result.whole_pool_needed,
    }
