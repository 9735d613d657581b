"""Records that are kept for people and for repeated requests, not for the work itself."""

from __future__ import annotations

from shared.models.base import Record, UtcTime


class AuditEntry(Record):
    """Who did what, when, to what. Partition: the month (`2026-11`); row: newest first."""

    id: str
    at: UtcTime
    who: str
    action: str
    subject: str
    before: str = ""
    after: str = ""
    """What was changed, from and to: versions, as a rule."""
    detail: str = ""


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
