"""Routes of accounts."""

from __future__ import annotations

import azure.durable_functions as df

from shared.access.registrations import check_account_reach
from shared.api.accounts import AccountRegistration, AccountView
from shared.api.common import Listed, PageQuery
from shared.api.conditions import Condition
from shared.api.edits import Patch, Put
from shared.api.merge_patch import MergePatch
from shared.models.access.roles import Need
from shared.pools import accounts
from shared.views.accounts import list_accounts, read_account
from triggers.http.contract import Answer, Call
from triggers.http.endpoint import endpoint

bp = df.Blueprint()


@endpoint(bp, "GET", "accounts", needs=Need.READ)
def get_accounts(call: Call, query: PageQuery) -> Answer[Listed[AccountView]]:
    """List accounts and how many pools each has."""
    return Answer(list_accounts(call.services, call.reach, limit=query.limit, continuation=query.continuation))


@endpoint(bp, "PUT", "accounts/{account}", needs=Need.CONFIGURE, also=(201,), refusals=(409, 412))
def put_account(call: Call, asked: AccountRegistration, condition: Condition) -> Answer[AccountView]:
    """Register an account, or replace its fields. 201 when it is new. 409 when a stored one is left
    out."""
    check_account_reach(call.reach, call.path["account"])
    view, new = accounts.register_account(
        call.services, call.path["account"], Put(asked, condition), call.who, call.reach
    )
    return Answer(view, status=201 if new else 200, location=f"/api/accounts/{view.name}" if new else "")


@endpoint(bp, "PATCH", "accounts/{account}", needs=Need.CONFIGURE, refusals=(404, 409, 412))
def patch_account(call: Call, patch: MergePatch[AccountRegistration], condition: Condition) -> Answer[AccountView]:
    """Change fields of an account. Null resets it to its default."""
    view, _ = accounts.register_account(
        call.services, call.path["account"], Patch(patch, condition), call.who, call.reach
    )
    return Answer(view)


@endpoint(bp, "GET", "accounts/{account}", needs=Need.READ, refusals=(404,))
def get_account(call: Call) -> Answer[AccountView]:
    """Read an account."""
    return Answer(read_account(call.services, call.path["account"]))
