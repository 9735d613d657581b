"""Routes of accounts."""

from __future__ import annotations

import azure.durable_functions as df

from shared.api.accounts import AccountRegistration, AccountView
from shared.api.common import Listed, PageQuery
from shared.pools import accounts
from shared.views.accounts import list_accounts, read_account
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "accounts")
def get_accounts(call: Call, query: PageQuery) -> Answer[Listed[AccountView]]:
    """List accounts and how many pools each has."""
    return Answer(list_accounts(call.services, limit=query.limit, continuation=query.continuation))


@endpoint(bp, "PUT", "accounts/{account}", also=(201,), refusals=(409,))
def put_account(call: Call, asked: AccountRegistration) -> Answer[AccountView]:
    """Register an account, or change its title and time zone. 201 when it is new."""
    view, new = accounts.register_account(call.services, call.path["account"], asked, call.who)
    return Answer(view, status=201 if new else 200, location=f"/api/accounts/{view.name}" if new else "")


@endpoint(bp, "GET", "accounts/{account}", refusals=(404,))
def get_account(call: Call) -> Answer[AccountView]:
    """Read an account."""
    return Answer(read_account(call.services, call.path["account"]))
