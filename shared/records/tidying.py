"""Removes records that nobody needs any more: lapsed answers and old months of the audit."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import batched

from shared.core.errors import FreshcoatError, StaleRow
from shared.models.answers import KEPT_FOR
from shared.models.base import Record
from shared.ports.storage import Rows
from shared.services import Services

log = logging.getLogger("freshcoat.tidying")

MOST_AT_ONCE = 1_000
"""Maximum number of lapsed answers that one run removes; the next run goes on."""
MOST_OF_MONTHS = 20_000
"""The same for entries of old months. 10,000 hosts a day leave about 160,000 entries (8 calls to Azure a host, two
entries each), which are 6,700 an hour. Removed by 100, these are 200 calls."""
_PAGE = 1_000
_TOGETHER = 100
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
    removed = 0
    for month in _months_before(now, kept):
        removed += remove_partition(rows, month, MOST_OF_MONTHS - removed)
    return removed


def remove_partition[R: Record](rows: Rows[R], partition: str, most: int) -> int:
    """Remove the rows of a partition, at most `most`; return how many. One that cannot be removed is logged."""
    removed, left = 0, most
    token: str | None = ""
    while token is not None and left > 0:
        page = rows.page(partition, limit=min(left, _PAGE), continuation=token or None)
        removed += sum(_remove_together(rows, group) for group in batched(page.rows, _TOGETHER, strict=False))
        left, token = left - len(page.rows), page.continuation
    return removed


def _remove_together[R: Record](rows: Rows[R], found: Sequence[R]) -> int:
    try:
        rows.remove_many(found)
    except StaleRow:
        return _remove(rows, found)
    except FreshcoatError as error:
        log.warning("%s records could not be removed: %s", len(found), error)
        return 0
    return len(found)


def _remove[R: Record](rows: Rows[R], found: Sequence[R]) -> int:
    removed = 0
    for record in found:
        try:
            rows.remove(record)
            removed += 1
        except FreshcoatError as error:
            log.warning("A record could not be removed: %s", error)
    return removed


def _months_before(now: datetime, kept: int) -> Iterator[str]:
    """The partitions of the audit before the last `kept` months and the current one, the newest first."""
    today = now.astimezone(UTC)
    this_month = today.year * 12 + today.month - 1
    for back in range(kept + 1, kept + 1 + _MONTHS_BACK):
        year, month = divmod(this_month - back, 12)
        yield f"{year:04d}-{month + 1:02d}"
