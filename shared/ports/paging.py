"""Pages of a list that is in memory, or of several tables. The token is the last key given out: no state is kept."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from shared.core.errors import InvalidRequest
from shared.ports.storage import Page


def page_of[T](items: Iterable[T], key: Callable[[T], str], *, limit: int, continuation: str | None) -> Page[T]:
    """Up to `limit` of the items in key order, those after the continuation. Raises InvalidRequest for a bad one."""
    after = _read(continuation) if continuation else ""
    rest = sorted((item for item in items if key(item) > after), key=key)
    if len(rest) <= limit:
        return Page(rest, None)
    return Page(rest[:limit], continuation_after(key(rest[limit - 1])))


def merged[T](pages: Sequence[Page[T]], key: Callable[[T], str], *, limit: int) -> Page[T]:
    """One page out of the next pages of several lists that have the same order: `limit` items were asked of each.

    `key` gives the row key in its table, as it is stored. Items with the same key stay on one page, which then is
    longer: a token names a key, and could not say which of them was given out.
    """
    rows = sorted(chain.from_iterable(page.rows for page in pages), key=key)
    end = limit
    while end < len(rows) and key(rows[end]) == key(rows[end - 1]):
        end += 1
    more = end < len(rows) or any(page.continuation for page in pages)
    return Page(rows[:end], continuation_after(key(rows[end - 1])) if more else None)


def continuation_after(key: str) -> str:
    """The token of the page that begins after this key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _read(token: str) -> str:
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise InvalidRequest.one("continuation", "is not one this service has given out") from error
