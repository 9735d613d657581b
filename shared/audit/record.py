"""Writes audit entries: who did what."""

from __future__ import annotations

import logging

from shared.core.errors import FreshcoatError
from shared.core.ids import newest_first_id
from shared.models.audit import AuditEntry
from shared.services import Services

_log = logging.getLogger(__name__)


def audit(
    services: Services, who: str, action: str, subject: str, detail: str = "", *, before: str = "", after: str = ""
) -> None:
    """Write an entry about a completed action. If that fails, the entry is logged and the action stands."""
    now = services.now()
    entry = AuditEntry(
        id=newest_first_id(now),
        at=now,
        who=who,
        action=action,
        subject=subject,
        before=before,
        after=after,
        detail=detail,
    )
    try:
        services.audit.add(entry)
    except FreshcoatError as error:
        text = (action, who, subject, before, after, detail, error)
        _log.warning("No audit entry: %s by %s on %s (%s -> %s, %s): %s", *text)
