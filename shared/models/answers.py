"""Answers kept for repeated requests."""

from __future__ import annotations

from shared.models.base import Record, UtcTime


class KeptAnswer(Record):
    """The first answer to a request with an `Idempotency-Key`, to be given again.

    `status` 0: the first request is still being worked on. `fingerprint` tells a repeated request
    from another one under the same key.
    """

    key: str
    fingerprint: str
    status: int = 0
    body: str = ""
    location: str = ""
    at: UtcTime
