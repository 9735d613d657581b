"""Accounts: requests and answers."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from shared.api.common import ScopeId, ZoneName
from shared.api.conditions import Tagged
from shared.models.accounts import Account
from shared.models.base import ONE_LINE, UtcTime, Value

CLIENT_ID = r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$"


class AccountView(Tagged):
    """An account (a customer)."""

    name: str
    title: str
    time_zone: str
    scopes: list[str]
    """Ids of the subscriptions and resource groups that are its own. Empty: what is no other account's."""
    identity_client_id: str
    """Client id of the managed identity that works in these scopes. Empty: the app's own."""
    pools: int
    """Number of pools of the account."""
    images: int
    """Number of images that its pools may use."""
    open_rollouts: int
    """Number of its rollouts that have not ended, without refreshes."""
    created_at: UtcTime | None


class AccountRegistration(Value):
    """Register an account (a customer). `time_zone` is the default of its pools.

    `scopes` and `identity_client_id` keep customers apart in Azure. Only who has all accounts changes them.
    """

    title: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""
    time_zone: ZoneName = "UTC"
    scopes: Annotated[tuple[ScopeId, ...], Field(max_length=50)] = ()
    identity_client_id: Annotated[str, StringConstraints(pattern=CLIENT_ID)] = ""

    @classmethod
    def of(cls, account: Account) -> Self:
        """The registration that is stored."""
        return cls(
            title=account.title,
            time_zone=account.time_zone,
            scopes=account.scopes,
            identity_client_id=account.identity_client_id,
        )
