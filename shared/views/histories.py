"""Lists of what was requested: rollouts, tasks, promotions. Filtered, and in the order of their ids or of a field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from shared.api.lists.common import HistoryQuery
from shared.core.ids import newest_first_moment
from shared.models.access.roles import EVERY_ACCOUNT
from shared.models.base import Record
from shared.ports.ordered import Value, ordered_page
from shared.ports.paging import continuation_after, merged
from shared.ports.storage import Page, Rows


class Requested(Protocol):
    """What was requested by somebody at some moment, under an id that sorts newest first."""

    @property
    def id(self) -> str: ...
    @property
    def requested_by(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True)
class Source[R: Record]:
    """A table with such rows, and which of them are wanted. `states`: None for any state; `equal`: other fields."""

    rows: Rows[R]
    partition: str
    wants: Callable[[R], bool]
    states: Collection[StrEnum] | None = None
    equal: tuple[tuple[str, Any], ...] = ()

    @property
    def _filters(self) -> list[dict[str, Any]]:
        """A filter for each state: the service applies it, so a few open ones are found among thousands."""
        common = dict(self.equal)
        return [common] if self.states is None else [common | {"state": state} for state in self.states]

    def each(self) -> Iterator[R]:
        """All wanted rows, in any order."""
        for one in self._filters:
            yield from filter(self.wants, self.rows.each(self.partition, **one))

    def pages(self, *, limit: int, continuation: str | None, since: datetime | None) -> Iterator[Page[R]]:
        """For each filter the first wanted rows after the continuation, newest first, none from before `since`."""
        for one in self._filters:
            yield self._page(one, limit, continuation, since)

    def _page(self, equal: dict[str, Any], limit: int, continuation: str | None, since: datetime | None) -> Page[R]:
        oldest = newest_first_moment(since) + "~" if since else "~"
        found: list[R] = []
        while True:
            page = self.rows.page(self.partition, limit=limit - len(found), continuation=continuation, **equal)
            found += filter(self.wants, page.rows)
            continuation = page.continuation
            if page.rows and _id(page.rows[-1]) > oldest:
                continuation = None
            if continuation is None or len(found) >= limit:
                return Page(found, continuation)


def _id(row: Any) -> str:
    return str(row.id)


def in_time[R: Requested](query: HistoryQuery, row: R) -> bool:
    """Whether it was requested by whom and when the query says."""
    return (
        (query.requested_by is None or row.requested_by == query.requested_by)
        and (query.since is None or row.created_at >= query.since)
        and (query.until is None or row.created_at < query.until)
    )


def of_account(query: HistoryQuery, accounts: Collection[str]) -> bool:
    """Whether it belongs to the account of the query; what belongs to all of them does."""
    return query.account is None or query.account in accounts or EVERY_ACCOUNT in accounts


def wanted_states[S: StrEnum](states: type[S], query: HistoryQuery, named: Collection[str] | None) -> list[S] | None:
    """The states of this kind that the query asks for; None: any."""
    if named is None and query.open is None:
        return None
    return [
        state
        for state in states
        if (named is None or state.value in named) and (query.open is None or _ended(state) is not query.open)
    ]


def _ended(state: Any) -> bool:
    return bool(state.ended)


def history_page(
    query: HistoryQuery, sources: Collection[Source[Any]], sort: str, value: Callable[[Any], Value]
) -> Page[Any]:
    """A page of rows of all sources. Newest first without reading more than it needs; in another order all wanted
    rows are read."""
    if sort == "created_at" and query.order == "desc":
        start = query.continuation or (continuation_after(newest_first_moment(query.until)) if query.until else None)
        where: dict[str, Any] = {"limit": query.limit, "continuation": start, "since": query.since}
        pages = [page for source in sources for page in source.pages(**where)]
        return merged(pages, _id, limit=query.limit)
    return ordered_page(
        [row for source in sources for row in source.each()],
        value,
        _id,
        by=sort,
        descending=query.order == "desc",
        limit=query.limit,
        continuation=query.continuation,
    )
