"""Routes for liveness and for the OpenAPI document."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.api.common import Health
from shared.models.access.roles import Gate, Need
from shared.views.health import check_health, read_health
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint
from triggers.http.openapi import document

bp = df.Blueprint()

RETRY_AFTER = 10
"""Seconds until it is worth asking again."""


@endpoint(bp, "GET", "health", needs=Gate.OPEN, also=(503,))
def get_health(call: Call) -> Answer[Health]:
    """Whether the app could reach its tables and Azure when that was last checked, and how long ago. Nobody waits for
    a check."""
    return _answer(read_health(call.services))


@endpoint(bp, "GET", "health/live", needs=Need.READ, also=(503,))
def get_live_health(call: Call) -> Answer[Health]:
    """Whether the app can reach its tables and Azure now."""
    return _answer(check_health(call.services))


def _answer(health: Health) -> Answer[Health]:
    return Answer(health) if health.status == "ok" else Answer(health, status=503, retry_after=RETRY_AFTER)


@endpoint(bp, "GET", "openapi.json", needs=Need.READ)
def get_openapi(call: Call) -> Answer[dict[str, Any]]:
    """This OpenAPI document, generated from the models."""
    return Answer(document())
