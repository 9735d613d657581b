"""Pages of a list in memory in an order that is chosen. The token is the place of the last item: no state is kept.

Items that come, go or change their place between two pages shift no other: a page begins after that place, wherever its
item is by then.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from shared.core.errors import InvalidRequest
from shared.ports.storage import Page

type Value = str | int | list[int] | datetime | None
"""What a list is ordered by. Items without it come last, in both directions."""


def ordered_page[T](
    items: Iterable[T],
    value: Callable[[T], Value],
    name: Callable[[T], str],
    *,
    by: str,
    descending: bool,
    limit: int,
    continuation: str | None,
) -> Page[T]:
    """Up to `limit` items after the continuation, by `value` and then by `name`, which is unique.

    Raises InvalidRequest for a continuation that is none, or of a list in another order.
    """
    order = f"{by} {'desc' if descending else 'asc'}"
    placed = [(_plain(value(item)), name(item), item) for item in items]
    with_value = sorted(((v, n, i) for v, n, i in placed if v is not None), key=lambda one: one[:2], reverse=descending)
    without = sorted(((v, n, i) for v, n, i in placed if v is None), key=lambda one: one[1])
    if continuation:
        after, after_name = _read(continuation, order)
        place = (after, after_name)
        if after is None:
            with_value, without = [], [one for one in without if one[1] > after_name]
        else:
            try:
                with_value = [one for one in with_value if (one[:2] < place if descending else one[:2] > place)]
            except TypeError as error:
                raise _no_continuation() from error
    rows = [*with_value, *without]
    page = rows[:limit]
    more = len(rows) > limit
    return Page([item for _, _, item in page], _token(order, *page[-1][:2]) if more else None)


def _plain(value: Value) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case str():
            return value.casefold()
        case _:
            return value


def _token(order: str, value: Any, name: str) -> str:
    text = json.dumps([order, value, name], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(token: str, order: str) -> tuple[Any, str]:
    try:
        found = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        was, value, name = found
    except (ValueError, TypeError) as error:
        raise _no_continuation() from error
    if not isinstance(name, str) or isinstance(value, (dict, float, bool)):
        raise _no_continuation()
    if was != order:
        raise InvalidRequest.one("continuation", "it belongs to a list in another order; begin anew without it")
    return value, name


def _no_continuation() -> InvalidRequest:
    return InvalidRequest.one("continuation", "not a continuation of this list")
