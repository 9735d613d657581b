"""Removes records that nobody needs any more: lapsed answers and old months of the audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from shared.models.answers import KEPT_FOR
from shared.models.base import Record
from shared.ports.storage import Rows
from shared.records.tidying.removing import remove_each, remove_partition
from shared.services import Services

MOST_AT_ONCE = 1_000
"""Maximum number of lapsed answers that one run removes; the next run goes on."""
MOST_OF_MONTHS = 20_000
"""The same for entries of old months. 10,000 hosts a day leave about 160,000 entries (8 calls to Azure a host, two
entries each), which are 6,700 an hour. Removed by 100, these are 200 calls."""
_MONTHS_BACK = 24
"""How many months before the kept ones are searched: a timer that did not run for that long leaves older ones."""


def tidy_records(services: Services) -> int:
    """Remove lapsed answers, and months of the audit and of refusals beyond `audit_keep_months`; return how many rows.

    A row that was changed meanwhile, or cannot be removed, is left to the next run.
    """
    now = services.now()
    lapsed = services.answers.before("at", now - KEPT_FOR, limit=MOST_AT_ONCE)
    removed = remove_each(services.answers, lapsed)
    kept = services.settings.audit_keep_months
    return removed + _remove_months(services.audit, now, kept) + _remove_months(services.refusals, now, kept)


def _remove_months[R: Record](rows: Rows[R], now: datetime, kept: int) -> int:
    removed = 0
    for month in _months_before(now, kept):
        removed += remove_partition(rows, month, MOST_OF_MONTHS - removed)
    return removed


def _months_before(now: datetime, kept: int) -> Iterator[str]:
    """The partitions of the audit before the last `kept` months and the current one, the newest first."""
    today = now.astimezone(UTC)
    this_month = today.year * 12 + today.month - 1
    for back in range(kept + 1, kept + 1 + _MONTHS_BACK):
        year, month = divmod(this_month - back, 12)
        yield f"{year:04d}-{month + 1:02d}"
