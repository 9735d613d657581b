"""The route for logoff events from hosts and from Azure Monitor."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.api.common import Accepted
from shared.models.access.roles import Need
from shared.ports.engine import Engine
from shared.rollouts.logoff_listener import receive_hints
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "POST", "events/logoff", needs=Need.HINT, status=202, keeps_answers=False, refusals=(429,))
def post_logoff(call: Call, engine: Engine, body: dict[str, Any]) -> Answer[Accepted]:
    """Report that a user signed out of a host: `{host, utc, …}` or Azure Monitor's common alert schema."""
    receive_hints(call.services, engine, body)
    return Answer(Accepted())
