"""Accounts: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.api.common import ZoneName
from shared.models.base import ONE_LINE, UtcTime, Value


class AccountView(Value):
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
