"""Stored answers for repeated requests."""

from __future__ import annotations

from datetime import timedelta

from shared.models.base import Record, UtcTime

KEPT_FOR = timedelta(hours=24)
"""After this time a key may be used again, for any request."""


class KeptAnswer(Record):
    """The first answer to a request with an `Idempotency-Key`, for repetitions of the request by its caller.

    `status` is 0 while the first request runs. `fingerprint` distinguishes a repetition from another request with the
    same key.
    """

    claim: str = ""
    """Random text of the request that claimed the key: it knows its own claim by it."""
    key: str
    fingerprint: str
    status: int = 0
    body: str = ""
    location: str = ""
    etag_header: str = ""
    at: UtcTime
