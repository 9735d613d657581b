"""Accounts: requests and answers."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import StringConstraints

from shared.api.common import ZoneName
from shared.api.conditions import Tagged
from shared.models.accounts import Account
from shared.models.base import ONE_LINE, UtcTime, Value


class AccountView(Tagged):
    """An account (a customer)."""

    name: str
    title: str
    time_zone: str
    pools: int
    """Number of pools of the account."""
    created_at: UtcTime | None


class AccountRegistration(Value):
    """Register an account (a customer). `time_zone` is the default of its pools."""

    title: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""
    time_zone: ZoneName = "UTC"

    @classmethod
    def of(cls, account: Account) -> Self:
        """The registration that is stored."""
        return cls(title=account.title, time_zone=account.time_zone)
