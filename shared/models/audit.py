"""The audit: who did what."""

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
