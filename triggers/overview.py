"""Route of the overview: what needs the caller."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.lists.overview import OverviewView
from shared.models.access.roles import Need
from shared.views.overview import read_overview
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "overview", needs=Need.READ)
def get_overview(call: Call) -> Answer[OverviewView]:
    """What needs the caller: approvals that they may give, paused and failed work, what was left over; and how many
    rollouts and tasks are open."""
    return Answer(read_overview(call.services, call.caller, call.reach))
