"""Accounts: whose pools they are."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.models.base import Name, Record, UtcTime

DEFAULT_ACCOUNT = "default"
"""There without being made, for those who have only one."""


class Account(Record):
    """A customer. `time_zone` (IANA name) is that of pools which name none."""

    name: Name
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    time_zone: str = "UTC"
    created_at: UtcTime | None = None
    """None: the default account, never changed."""
