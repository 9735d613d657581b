"""The timer functions of images."""

from __future__ import annotations

import logging

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.client import SyncDurableFunctionsClient

from shared.images.promotions.due import run_due
from shared.images.retention import tidy
from shared.wiring import services
from shared.workflow.durable_engine import DurableEngine

bp = df.Blueprint()
log = logging.getLogger("freshcoat.timers")


@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_RETENTION_SCHEDULE%", run_on_startup=False)
def tidy_versions(timer: func.TimerRequest) -> None:
    """Runs by `FRESHCOAT_RETENTION_SCHEDULE`."""
    gone = tidy(services())
    if gone:
        log.info("gone from their galleries: %s%s", ", ".join(gone), " (late)" if timer.past_due else "")


@bp.durable_client_input(client_name="client")
@bp.timer_trigger(arg_name="timer", schedule="%FRESHCOAT_PROMOTION_SCHEDULE%", run_on_startup=True)
def promote_due(timer: func.TimerRequest, client: SyncDurableFunctionsClient) -> None:
    """Runs at the start of the app and by `FRESHCOAT_PROMOTION_SCHEDULE`."""
    promoted = run_due(services(), DurableEngine(client))
    if promoted:
        log.info("promoted: %s%s", ", ".join(promoted), " (late)" if timer.past_due else "")
