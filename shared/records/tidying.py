"""Removes records that nobody needs any more: lapsed answers and old months of the audit."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from shared.core.errors import FreshcoatError
from shared.models.answers import KEPT_FOR
from shared.models.base import Record
from shared.ports.storage import Rows
from shared.services import Services

_log = logging.getLogger("freshcoat.tidying")

MOST_AT_ONCE = 1_000
"""Maximum number of rows of a kind that one run removes; the next run goes on."""
_MONTHS_BACK = 24
"""How many months before the kept ones are searched: a timer that did not run for that long leaves older ones."""


def tidy_records(services: Services) -> int:
    """Remove lapsed answers, and months of the audit and of refusals beyond `audit_keep_months`; return how many rows.

    A row that was changed meanwhile, or cannot be removed, is left to the next run.
    """
    now = services.now()
    lapsed = services.answers.before("at", now - KEPT_FOR, limit=MOST_AT_ONCE)
    removed = _remove(services.answers, lapsed)
    kept = services.settings.audit_keep_months
    return removed + _remove_months(services.audit, now, kept) + _remove_months(services.refusals, now, kept)


def _remove_months[R: Record](rows: Rows[R], now: datetime, kept: int) -> int:
    removed, left = 0, MOST_AT_ONCE
    for month in _months_before(now, kept):
        found = rows.page(month, limit=left).rows
        removed += _remove(rows, found)
        left -= len(found)
        if left <= 0:
            break
    return removed


def _remove[R: Record](rows: Rows[R], found: Sequence[R]) -> int:
    removed = 0
    for record in found:
        try:
            rows.remove(record)
            removed += 1
        except FreshcoatError as error:
            _log.warning("A record could not be removed: %s", error)
    return removed


def _months_before(now: datetime, kept: int) -> Iterator[str]:
    """The partitions of the audit before the last `kept` months and the current one, the newest first."""
    today = now.astimezone(UTC)
    this_month = today.year * 12 + today.month - 1
    for back in range(kept + 1, kept + 1 + _MONTHS_BACK):
        year, month = divmod(this_month - back, 12)
        yield f"{year:04d}-{month + 1:02d}"
