"""Accounts: the customers that pools belong to."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.models.base import ONE_LINE, Name, Record, UtcTime

DEFAULT_ACCOUNT = "default"
"""Exists without being registered, for users who need only one account."""


class Account(Record):
    """A customer. `time_zone` (IANA name) is the default of its pools."""

    name: Name
    title: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""
    time_zone: str = "UTC"
    created_at: UtcTime | None = None
    """None for the default account before its first change."""
