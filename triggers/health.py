"""Routes for liveness and for the OpenAPI document."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.api.common import Health
from shared.views.health import read_health
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint
from triggers.http.openapi import document

bp = df.Blueprint()


@endpoint(bp, "GET", "health", open=True, also=(503,))
def get_health(call: Call) -> Answer[Health]:
    """Whether the app can reach its tables and Azure."""
    health = read_health(call.services)
    return Answer(health, status=200 if health.status == "ok" else 503)


@endpoint(bp, "GET", "openapi.json")
def get_openapi(call: Call) -> Answer[dict[str, Any]]:
    """This OpenAPI document, generated from the models."""
    return Answer(document())
