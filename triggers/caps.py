"""Routes of caps: how much of an account may begin within an hour."""

from __future__ import annotations

import azure.durable_functions as df

from shared.access import manage_caps
from shared.api.access import CapOverrideRequest, CapsRequest, CapsView
from shared.api.common import Listed, PageQuery
from shared.models.access.roles import Need
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "access/caps", needs=Need.READ)
def get_caps(call: Call, query: PageQuery) -> Answer[Listed[CapsView]]:
    """List the caps of accounts, and what counts in this hour."""
    return Answer(manage_caps.list_caps(call.services, call.reach, limit=query.limit, continuation=query.continuation))


@endpoint(bp, "GET", "access/caps/{account}", needs=Need.READ, refusals=(404,))
def get_caps_of_account(call: Call) -> Answer[CapsView]:
    """Read the caps of an account, and what counts in this hour."""
    return Answer(manage_caps.read_caps(call.services, call.path["account"]))


@endpoint(bp, "PUT", "access/caps/{account}", needs=Need.CONFIGURE, also=(201,), refusals=(404, 409), creates=False)
def put_caps(call: Call, asked: CapsRequest) -> Answer[CapsView]:
    """Set the caps of an account. They count everywhere within half a minute. 201 when it had none."""
    view, new = manage_caps.set_caps(call.services, call.path["account"], asked, call.who)
    return Answer(view, status=201 if new else 200)


@endpoint(bp, "DELETE", "access/caps/{account}", needs=Need.CONFIGURE, status=204, refusals=(404, 409))
def delete_caps(call: Call) -> Answer[None]:
    """Remove the caps of an account."""
    manage_caps.remove_caps(call.services, call.path["account"], call.who)
    return Answer(None)


@endpoint(bp, "POST", "access/caps/{account}/override", needs=Need.CONFIGURE, refusals=(404, 409))
def post_caps_override(call: Call, asked: CapOverrideRequest) -> Answer[CapsView]:
    """Lift the caps of an account for some hours, with a reason that is recorded."""
    return Answer(manage_caps.override_caps(call.services, call.path["account"], asked, call.who))
