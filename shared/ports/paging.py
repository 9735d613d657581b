"""Pages of a list in memory, or of several tables. The token is the last key of a page, so no state is kept."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from shared.core.errors import InvalidRequest
from shared.ports.storage import Page


def page_of[T](items: Iterable[T], key: Callable[[T], str], *, limit: int, continuation: str | None) -> Page[T]:
    """Up to `limit` items after the continuation, in key order. Raises InvalidRequest for a bad continuation."""
    after = read_continuation(continuation) if continuation else ""
    rest = sorted((item for item in items if key(item) > after), key=key)
    if len(rest) <= limit:
        return Page(rest, None)
    return Page(rest[:limit], continuation_after(key(rest[limit - 1])))


def merged[T](pages: Sequence[Page[T]], key: Callable[[T], str], *, limit: int) -> Page[T]:
    """Merge one page of each of several lists with the same order into one page. Each page has up to `limit` items.

    `key` returns the stored row key. Items with the same key stay on one page, which may then be longer: a token names
    a key, not an item."""
    rows = sorted(chain.from_iterable(page.rows for page in pages), key=key)
    end = limit
    while end < len(rows) and key(rows[end]) == key(rows[end - 1]):
        end += 1
    more = end < len(rows) or any(page.continuation for page in pages)
    return Page(rows[:end], continuation_after(key(rows[end - 1])) if more else None)


def continuation_after(key: str) -> str:
    """The token of the page that starts after this key."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_continuation(token: str) -> str:
    """The key that a token names. Raises InvalidRequest for what is no token."""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise InvalidRequest.one("continuation", "not a continuation of this list") from error
