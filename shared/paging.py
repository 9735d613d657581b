"""Pages of a list that is in memory. The token is the last key given out, so no state is kept."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable

from shared.errors import InvalidRequest
from shared.ports import Page


def page_of[T](items: Iterable[T], key: Callable[[T], str], *, limit: int, continuation: str | None) -> Page[T]:
    """Up to `limit` of the items in key order, those after the continuation. Raises InvalidRequest for a bad one."""
    after = _read(continuation) if continuation else ""
    rest = sorted((item for item in items if key(item) > after), key=key)
    if len(rest) <= limit:
        return Page(rest, None)
    last = key(rest[limit - 1])
    return Page(rest[:limit], base64.urlsafe_b64encode(last.encode()).decode().rstrip("="))


def _read(token: str) -> str:
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise InvalidRequest.one("continuation", "is not one this service has given out") from error
