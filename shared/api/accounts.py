"""Accounts: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.api.common import ZoneName
from shared.models.base import UtcTime, Value


class AccountView(Value):
    """A customer."""

    name: str
    title: str
    time_zone: str
    pools: int
    """How many pools it has."""
    created_at: UtcTime | None


class AccountRegistration(Value):
    """A customer. `time_zone` is that of its pools that name none."""

    title: Annotated[str, StringConstraints(max_length=200)] = ""
    time_zone: ZoneName = "UTC"
