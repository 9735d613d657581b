"""Ids that sort newest first: tables return rows in key order, and people want the latest rows first."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

_END_OF_TIME_MS = 9_999_999_999_999
"""The largest number of 13 digits: as milliseconds since 1970, that is in the year 2286."""


def newest_first_id(now: datetime) -> str:
    """An id for something created at `now`: `8234567890123-1f0c` (digits, a dash, lower-case hex).

    Later ids sort before earlier ones; within a millisecond the order is random. Raises ValueError for a `now` without
    a zone.
    """
    return f"{newest_first_moment(now)}-{secrets.token_hex(2)}"


def newest_first_moment(now: datetime) -> str:
    """The 13 digits with which ids of this moment begin. Raises ValueError for a `now` without a zone."""
    if now.tzinfo is None:
        raise ValueError("newest_first_id needs a time with a zone")
    return f"{_END_OF_TIME_MS - int(now.timestamp() * 1000):013d}"


def made_at(made_id: str) -> datetime | None:
    """When an id was created, to the millisecond. None for a text of another form."""
    digits, _, _ = made_id.partition("-")
    if not (digits.isdecimal() and len(digits) == len(str(_END_OF_TIME_MS))):
        return None
    return datetime.fromtimestamp((_END_OF_TIME_MS - int(digits)) / 1000, UTC)
