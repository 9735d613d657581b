"""Prepares an instance that the platform adds, before the first request reaches it."""

from __future__ import annotations

import azure.durable_functions as df
from azure.functions.warmup import WarmUpContext

from shared.views.health import read_health
from shared.wiring import services

bp = df.Blueprint()


@bp.warm_up_trigger(arg_name="context")
def warmup(context: WarmUpContext) -> None:
    """Load Azure's packages, open the tables, and have the first token behind it. The platform demands this name.

    https://learn.microsoft.com/azure/azure-functions/functions-bindings-warmup
    """
    read_health(services())
