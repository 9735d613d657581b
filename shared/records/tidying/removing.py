"""Finds rows of long ago, and removes rows: one that cannot be removed is logged, and left to the next run."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import batched

from shared.core.errors import FreshcoatError, StaleRow
from shared.models.base import Record
from shared.models.promotions import Promotion
from shared.models.rollouts import Rollout
from shared.models.tasks import Task
from shared.ports.storage import Rows

log = logging.getLogger("freshcoat.tidying")

_PAGE = 1_000
_TOGETHER = 100


def ended_before[R: (Rollout, Task, Promotion)](rows: Rows[R], moment: datetime, page: int) -> Iterator[list[R]]:
    """The rows that ended before this moment, in lists: what there is among `page` rows that were created before it,
    the oldest first.

    Rows that are kept for ever must not hide the others behind them, so all pages are read. Ids are newest-first: a
    page holds the newest of those that are left.
    """
    created_before = moment
    while True:
        made = rows.before("created_at", created_before, limit=page)
        ended = [(one.ended_at, one.id, one) for one in made if one.ended_at and one.ended_at < moment]
        yield [one for _, _, one in sorted(ended, key=lambda found: found[:2])]
        if len(made) < page:
            return
        created_before = min(one.created_at for one in made)


def remove_partition[R: Record](rows: Rows[R], partition: str, most: int) -> int:
    """Remove the rows of a partition, at most `most`; return how many."""
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
        return remove_each(rows, found)
    except FreshcoatError as error:
        log.warning("%s records could not be removed: %s", len(found), error)
        return 0
    return len(found)


def remove_each[R: Record](rows: Rows[R], found: Iterable[R]) -> int:
    """Remove these rows, one by one; return how many."""
    removed = 0
    for record in found:
        try:
            rows.remove(record)
            removed += 1
        except FreshcoatError as error:
            log.warning("A record could not be removed: %s", error)
    return removed
