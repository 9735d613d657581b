"""Pages in a chosen order: complete, without repetitions, and stable while items come and go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import InvalidRequest
from shared.ports.ordered import ordered_page

Items = dict[str, int | None]
ITEMS = st.dictionaries(st.text(max_size=4), st.none() | st.integers(-3, 3), max_size=25)


def page(items: Items, limit: int, continuation: str | None, *, descending: bool = False, by: str = "size") -> Any:
    return ordered_page(
        items, items.__getitem__, str, by=by, descending=descending, limit=limit, continuation=continuation
    )


def whole(items: Items, limit: int, *, descending: bool) -> list[str]:
    found, token = [], None
    while True:
        one = page(items, limit, token, descending=descending)
        found += one.rows
        assert len(one.rows) <= limit
        token = one.continuation
        if token is None:
            return found


@given(ITEMS, st.integers(1, 7), st.booleans())
def test_all_pages_together_are_the_sorted_list(items: Items, limit: int, descending: bool) -> None:
    found = whole(items, limit, descending=descending)
    assert sorted(found) == sorted(items)
    values = [items[name] for name in found]
    numbers = [value for value in values if value is not None]
    assert numbers == sorted(numbers, reverse=descending)
    assert values == [*numbers, *[None] * (len(values) - len(numbers))]


@given(ITEMS, ITEMS, st.integers(1, 7), st.booleans())
def test_what_comes_or_goes_between_pages_moves_nothing_else(
    items: Items, others: Items, limit: int, descending: bool
) -> None:
    first = page(items, limit, None, descending=descending)
    if first.continuation is None:
        return
    stays = {name: value for name, value in items.items() if name not in others}
    after = stays | {name: value for name, value in others.items() if name not in items}
    rest = page(after, 100, first.continuation, descending=descending).rows
    assert {name for name in stays if name not in first.rows} == {name for name in rest if name in stays}


@pytest.mark.parametrize("token", ["x", "e30", "W10", "WzEsMiwzXQ", "bnVsbA", "WyJzaXplIGFzYyIsImEiLCJiIl0"])
def test_what_is_no_continuation_is_refused(token: str) -> None:
    with pytest.raises(InvalidRequest):
        page({"a": 1, "b": 2}, 1, token)


def test_a_continuation_of_another_order_is_refused() -> None:
    token = page({"a": 1, "b": 2}, 1, None).continuation
    for changes in ({"by": "name"}, {"descending": True}):
        with pytest.raises(InvalidRequest, match="another order"):
            page({"a": 1, "b": 2}, 1, token, **changes)  # type: ignore[arg-type]
