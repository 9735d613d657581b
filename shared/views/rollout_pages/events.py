"""The history of a rollout, as people see it."""

from __future__ import annotations

from collections import deque
from typing import Any

from shared.api.common import Listed
from shared.api.history.rollout_events import RolloutEventsQuery, RolloutEventView
from shared.models.history.rollout_events import RolloutEvent
from shared.ports.paging import continuation_after, read_continuation
from shared.records.rollouts import find_rollout
from shared.services import Services


def list_rollout_events(services: Services, rollout_id: str, query: RolloutEventsQuery) -> Listed[RolloutEventView]:
    """A page of what has happened in a rollout, newest first unless asked otherwise. Raises NotFound, InvalidRequest
    for a bad continuation."""
    find_rollout(services, rollout_id)
    equal: dict[str, Any] = {"kind": query.kind.value} if query.kind else {}
    if query.host:
        equal["host"] = query.host.lower()
    found = _oldest_first if query.order == "asc" else _newest_first
    rows, continuation = found(services, rollout_id, query, equal)
    return Listed[RolloutEventView](items=[_view(row) for row in rows], continuation=continuation)


def _newest_first(
    services: Services, rollout_id: str, query: RolloutEventsQuery, equal: dict[str, Any]
) -> tuple[list[RolloutEvent], str | None]:
    page = services.events.page(rollout_id, limit=query.limit, continuation=query.continuation, **equal)
    rows = [row for row in page.rows if query.since is None or row.at >= query.since]
    return rows, page.continuation if len(rows) == len(page.rows) else None


def _oldest_first(
    services: Services, rollout_id: str, query: RolloutEventsQuery, equal: dict[str, Any]
) -> tuple[list[RolloutEvent], str | None]:
    """The table knows one order only, so this reads the events from the newest to those asked for."""
    begin = read_continuation(query.continuation) if query.continuation else ""
    last: deque[RolloutEvent] = deque(maxlen=query.limit + 1)
    for row in services.events.each(rollout_id, **equal):
        if (begin and row.id >= begin) or (query.since and row.at < query.since):
            break
        last.append(row)
    rows = list(reversed(last))
    if len(rows) <= query.limit:
        return rows, None
    return rows[: query.limit], continuation_after(rows[query.limit - 1].id)


def _view(row: RolloutEvent) -> RolloutEventView:
    return RolloutEventView(
        id=row.id,
        at=row.at,
        kind=row.kind,
        host=row.host or None,
        who=row.who or None,
        text=row.text,
        data=row.data,
    )
