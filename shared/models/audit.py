"""The audit log: who did what."""

from __future__ import annotations

from shared.models.base import Record, UtcTime


class AuditEntry(Record):
    """One action: who did what, when, to what. Partition: the month (`2026-11`). Rows: newest first."""

    id: str
    at: UtcTime
    who: str
    action: str
    subject: str
    before: str = ""
    after: str = ""
    """The changed value before and after, usually a version."""
    detail: str = ""
