"""The timer function: takes up again what nobody drives."""

from __future__ import annotations

import logging

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.engine import DurableEngine
from shared.publishing.recovery import resume_lost
from shared.wiring import services

bp = df.Blueprint()
log = logging.getLogger("freshcoat.timers")


@bp.durable_client_input(client_name="client")
@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RESUME_SCHEDULE%", run_on_startup=True)
def resume_rollouts(timer: func.TimerRequest, client: SyncDurableFunctionsClient) -> None:
    """Runs at the start of the app and by `FRESHCOAT_RESUME_SCHEDULE`."""
    resumed = resume_lost(services(), DurableEngine(client))
    if resumed:
        log.warning("taken up again: %s%s", ", ".join(resumed), " (late)" if timer.past_due else "")
