"""Routes of logoff events from hosts and from Azure Monitor, and of the keys with which hosts sign them."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df

from shared.access.event_keys import show_event_key
from shared.api.common import Accepted
from shared.api.logoff_events import EventKeyRequest, EventKeyView
from shared.models.access.roles import Need
from shared.ports.engine import Engine
from shared.rollouts.logoff_listener import receive_hints
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "POST", "events/logoff", needs=Need.HINT, status=202, keeps_answers=False, refusals=(429,))
def post_logoff(call: Call, engine: Engine, body: dict[str, Any]) -> Answer[Accepted]:
    """Report that a user signed out of a host: `{host, utc, …}` or Azure Monitor's common alert schema."""
    receive_hints(call.services, engine, body, call.caller)
    return Answer(Accepted())


@endpoint(bp, "POST", "pools/{pool}/event-key", needs=Need.CONFIGURE, keeps_answers=False, refusals=(404, 409))
def post_event_key(call: Call, asked: EventKeyRequest) -> Answer[EventKeyView]:
    """Show the key with which the hosts of the pool sign log-off events, or make a new one. No answer is kept."""
    return Answer(show_event_key(call.services, call.path["pool"], asked, call.who))
