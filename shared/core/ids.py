"""Ids that sort newest first: table rows come back in key order, and people ask for the latest."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

_END_OF_TIME_MS = 9_999_999_999_999
"""13 digits of milliseconds since 1970 last until 2286."""


def newest_first_id(now: datetime) -> str:
    """An id for something made at `now`: `8234567890123-1f0c`, digits, lower-case hex and one dash.

    Ids of later moments sort before those of earlier ones; within a millisecond the order is open.
    Raises ValueError for a `now` without a zone.
    """
    if now.tzinfo is None:
        raise ValueError("newest_first_id needs a moment with a zone")
    milliseconds = int(now.timestamp() * 1000)
    return f"{_END_OF_TIME_MS - milliseconds:013d}-{secrets.token_hex(2)}"


def made_at(made_id: str) -> datetime | None:
    """When an id was made, to the millisecond; None for a text that is not of that form."""
    digits, _, _ = made_id.partition("-")
    if not (digits.isdecimal() and len(digits) == len(str(_END_OF_TIME_MS))):
        return None
    return datetime.fromtimestamp((_END_OF_TIME_MS - int(digits)) / 1000, UTC)
