"""Pages of what a caller may see: rows of other accounts are passed over, and the page is filled with the next ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.models.base import Record
from shared.ports.storage import Page, Rows


def visible_page[R: Record](
    rows: Rows[R],
    partition: str,
    sees: Callable[[R], bool],
    *,
    limit: int,
    continuation: str | None,
    **equal: Any,
) -> Page[R]:
    """Up to `limit` rows that `sees` accepts, in key order."""
    found: list[R] = []
    while True:
        page = rows.page(partition, limit=limit - len(found), continuation=continuation, **equal)
        found += filter(sees, page.rows)
        continuation = page.continuation
        if continuation is None or len(found) >= limit:
            return Page(found, continuation)
