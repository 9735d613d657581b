"""What several lists have in common: an order, filters with several values, and spans of time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from shared.api.common import PageQuery
from shared.models.base import ONE_LINE, Name

Order = Literal["asc", "desc"]
MOST_VALUES = 20
"""Values of one filter."""
MOST_OF_A_PAGE = 200
"""Items of a page of a list that reads nothing but rows."""

Search = Annotated[str, Field(min_length=1, max_length=100), ONE_LINE]
"""Part of a text, in any case."""


def _split(given: object) -> object:
    """Several values of one parameter: given repeatedly, which the Functions host joins with commas, or so."""
    return [part.strip() for part in given.split(",")] if isinstance(given, str) else given


type Several[T] = Annotated[
    Annotated[tuple[T, ...], Field(min_length=1, max_length=MOST_VALUES)], BeforeValidator(_split)
]
"""One or more values: `state=running&state=paused`, or `state=running,paused`."""


class HistoryQuery(PageQuery):
    """A page of a list of what was requested. `since`, `until`: by the moment of the request.

    The list begins with the newest; `order=asc` with the oldest, or with the least of what `sort` names.
    """

    account: Name | None = None
    requested_by: Annotated[str, Field(min_length=1, max_length=200), ONE_LINE] | None = None
    """Name of who asked for it."""
    since: AwareDatetime | None = None
    """Only what was requested at this moment and later; with an offset or `Z`."""
    until: AwareDatetime | None = None
    """Only what was requested before this moment."""
    open: bool | None = None
    """`true`: only what has not ended. `false`: only what has."""
    order: Order = "desc"
