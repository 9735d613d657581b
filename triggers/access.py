"""Routes of access: who asks, what this app is, grants and app keys."""

from __future__ import annotations

import azure.durable_functions as df

from shared.access import manage, manage_limits
from shared.access.errors import NotSignedIn
from shared.access.introduce import introduce_app, introduce_caller
from shared.api.access import (
    About,
    GrantRequest,
    GrantView,
    KeyRequest,
    KeyView,
    LimitsRequest,
    LimitsView,
    Me,
    NewKeyView,
)
from shared.api.common import Listed, PageQuery
from shared.models.access.roles import Gate, Need
from shared.models.pools import Ring
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "me", needs=Gate.SIGNED_IN)
def get_me(call: Call) -> Answer[Me]:
    """Who asks: name, roles, accounts, and what they may do."""
    if call.caller is None:
        raise NotSignedIn("Sign in first.")
    return Answer(introduce_caller(call.caller, call.reach))


@endpoint(bp, "GET", "about", needs=Gate.OPEN)
def get_about(call: Call) -> Answer[About]:
    """What this app is, how to sign in, and its clock."""
    return Answer(introduce_app(call.services))


@endpoint(bp, "GET", "access/grants", needs=Need.CONFIGURE)
def get_grants(call: Call, query: PageQuery) -> Answer[Listed[GrantView]]:
    """List the grants: which accounts a person or a program may see and change."""
    return Answer(manage.list_grants(call.services, call.reach, limit=query.limit, continuation=query.continuation))


@endpoint(bp, "GET", "access/grants/{principal}", needs=Need.CONFIGURE, refusals=(404,))
def get_grant(call: Call) -> Answer[GrantView]:
    """Read a grant."""
    return Answer(manage.read_grant(call.services, call.path["principal"]))


@endpoint(bp, "PUT", "access/grants/{principal}", needs=Need.CONFIGURE, also=(201,), refusals=(409,))
def put_grant(call: Call, asked: GrantRequest) -> Answer[GrantView]:
    """Say which accounts a person or a program has. 201 when it had none."""
    view, new = manage.give_grant(call.services, call.reach, call.path["principal"], asked, call.who)
    return Answer(view, status=201 if new else 200, location=f"/api/access/grants/{view.principal}" if new else "")


@endpoint(bp, "DELETE", "access/grants/{principal}", needs=Need.CONFIGURE, status=204, refusals=(404, 409))
def delete_grant(call: Call) -> Answer[None]:
    """Take all accounts from a person or a program."""
    manage.take_grant(call.services, call.reach, call.path["principal"], call.who)
    return Answer(None)


@endpoint(bp, "GET", "access/keys", needs=Need.CONFIGURE)
def get_keys(call: Call, query: PageQuery) -> Answer[Listed[KeyView]]:
    """List the app keys. The keys themselves are kept nowhere."""
    return Answer(manage.list_keys(call.services, call.reach, limit=query.limit, continuation=query.continuation))


@endpoint(
    bp,
    "POST",
    "access/keys/{key}",
    needs=Need.CONFIGURE,
    status=201,
    creates=True,
    keeps_answers=False,
    refusals=(409,),
)
def post_key(call: Call, asked: KeyRequest) -> Answer[NewKeyView]:
    """Make an app key for a program. Its text is in this answer and never again, so no answer is kept."""
    return Answer(manage.make_key(call.services, call.reach, call.path["key"], asked, call.who))


@endpoint(bp, "DELETE", "access/keys/{key}", needs=Need.CONFIGURE, refusals=(404,))
def delete_key(call: Call) -> Answer[KeyView]:
    """Revoke an app key. It counts no longer after half a minute at most."""
    return Answer(manage.revoke_key(call.services, call.path["key"], call.who))


@endpoint(bp, "GET", "access/limits", needs=Need.READ)
def get_limits(call: Call, query: PageQuery) -> Answer[Listed[LimitsView]]:
    """List the limits of accounts and rings: what no pool and no request may go beyond."""
    found = manage_limits.list_limits(call.services, call.reach, limit=query.limit, continuation=query.continuation)
    return Answer(found)


@endpoint(bp, "GET", "access/limits/{account}/{ring}", needs=Need.READ, refusals=(404,))
def get_limits_of_ring(call: Call) -> Answer[LimitsView]:
    """Read the limits of an account's ring."""
    return Answer(manage_limits.read_limits(call.services, call.path["account"], Ring(call.path["ring"])))


@endpoint(
    bp,
    "PUT",
    "access/limits/{account}/{ring}",
    needs=Need.CONFIGURE,
    also=(201,),
    refusals=(404, 409),
    creates=False,
)
def put_limits(call: Call, asked: LimitsRequest) -> Answer[LimitsView]:
    """Set the limits of an account's ring. They bind every request, also those that fall due later. 201 when it had
    none."""
    account, ring = call.path["account"], Ring(call.path["ring"])
    view, new = manage_limits.set_limits(call.services, account, ring, asked, call.who)
    return Answer(view, status=201 if new else 200)


@endpoint(bp, "DELETE", "access/limits/{account}/{ring}", needs=Need.CONFIGURE, status=204, refusals=(404, 409))
def delete_limits(call: Call) -> Answer[None]:
    """Remove the limits of an account's ring."""
    manage_limits.remove_limits(call.services, call.path["account"], Ring(call.path["ring"]), call.who)
    return Answer(None)
