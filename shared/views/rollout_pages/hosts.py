"""The list of a rollout's hosts: pages, what has changed since a mark, and the short form for grids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from shared.api.rollout_pages.hosts import (
    MOST_FULL,
    Fields,
    GridRow,
    HostSort,
    RolloutHostGrid,
    RolloutHosts,
    RolloutHostsQuery,
    RolloutHostView,
)
from shared.caches.seen_rows import Changes
from shared.core.errors import InvalidRequest
from shared.core.states import HostState
from shared.models.base import version_key
from shared.models.rollouts import Rollout, RolloutHost
from shared.ports.paging import continuation_after, read_continuation
from shared.records.rollouts import find_rollout
from shared.services import Services
from shared.views.hosts import recent_seen, seen_lately
from shared.views.rollout_pages.host_report import view_host

_STATES = list(HostState)
_PLACE = {state: place for place, state in enumerate(_STATES)}


def list_rollout_hosts(services: Services, rollout_id: str, query: RolloutHostsQuery) -> RolloutHosts | RolloutHostGrid:
    """A page of the rollout's hosts. Raises NotFound, InvalidRequest for fields that do not go together."""
    _check(query)
    rollout = find_rollout(services, rollout_id)
    seen = recent_seen(services, rollout)
    changes = seen.since(query.since) if query.since is not None else Changes(seen.rows, whole=True)
    rows, continuation = _page(_matching(changes.rows, query), query)
    counts = Counter(row.state for row in seen.rows)
    state = {
        "as_of": seen.as_of,
        "mark": seen.mark,
        "whole": changes.whole,
        "removed": list(changes.removed),
        "counts": {state.value: counts[state] for state in _STATES if counts[state]},
        "continuation": continuation,
    }
    if query.fields is Fields.GRID:
        return RolloutHostGrid.model_validate(state | _grid(seen.rows, rows))
    return RolloutHosts.model_validate(state | {"items": _views(services, rollout, rows)})


def _check(query: RolloutHostsQuery) -> None:
    if query.fields is Fields.FULL and query.limit > MOST_FULL:
        raise InvalidRequest.one("limit", f"at most {MOST_FULL} without fields=grid")
    narrowed = query.state or query.search or query.sort is not HostSort.NAME or query.order != "asc"
    if query.since is not None and narrowed:
        raise InvalidRequest.one("since", "it is about all hosts: leave out state, search, sort and order")


def _views(services: Services, rollout: Rollout, rows: Sequence[RolloutHost]) -> list[RolloutHostView]:
    if not rows:
        return []
    now, lately = services.now(), seen_lately(services, rollout.pool)
    views = [view_host(row, rollout, now, lately) for row in rows]
    return [one.model_copy(update={"seen_at": lately.at}) if one.status is not None else one for one in views]


def _grid(everyone: Sequence[RolloutHost], rows: Sequence[RolloutHost]) -> dict[str, object]:
    suffix = _common_end([row.host for row in everyone])
    versions = sorted({row.version for row in rows if row.version})
    place = {version: number for number, version in enumerate(versions)}
    return {
        "states": [state.value for state in _STATES],
        "versions": versions,
        "suffix": suffix,
        "items": [_grid_row(row, len(suffix), place) for row in rows],
    }


def _grid_row(row: RolloutHost, cut: int, versions: Mapping[str, int]) -> GridRow:
    since = row.state_since
    return (
        row.host[: len(row.host) - cut],
        _PLACE[row.state],
        row.sessions,
        int(since.timestamp()) if since else None,
        versions[row.version] if row.version else None,
        row.attempt,
        int(row.canary),
    )


def _common_end(names: Sequence[str]) -> str:
    """The domain that all names end with, from its first dot; empty if they differ."""
    _, dot, domain = names[0].partition(".") if names else ("", "", "")
    end = dot + domain
    return end if all(name.endswith(end) for name in names) else ""


def _matching(rows: Iterable[RolloutHost], query: RolloutHostsQuery) -> list[RolloutHost]:
    states, part = frozenset(query.state or ()), (query.search or "").lower()
    return [row for row in rows if (not states or row.state in states) and part in row.host]


def _page(rows: Iterable[RolloutHost], query: RolloutHostsQuery) -> tuple[list[RolloutHost], str | None]:
    """The rows after the continuation in the order that is asked for, and the continuation of the next page."""
    keyed = sorted(((_key(row, query.sort), row) for row in rows), key=lambda one: one[0])
    if query.order == "desc":
        keyed.reverse()
    if query.continuation:
        after, down = read_continuation(query.continuation), query.order == "desc"
        keyed = [one for one in keyed if (one[0] < after if down else one[0] > after)]
    shown = keyed[: query.limit]
    more = len(keyed) > len(shown)
    return [row for _, row in shown], continuation_after(shown[-1][0]) if more else None


def _key(row: RolloutHost, by: HostSort) -> str:
    """Sorts as text by the field, then by name."""
    match by:
        case HostSort.NAME:
            value = ""
        case HostSort.STATE:
            value = f"{_PLACE[row.state]:02}"
        case HostSort.SESSIONS:
            value = f"{row.sessions:08}"
        case HostSort.STATE_SINCE:
            value = f"{row.state_since.timestamp():015.3f}" if row.state_since else ""
        case HostSort.VERSION:
            value = ".".join(f"{part:010}" for part in version_key(row.version)) if row.version else ""
    return f"{value} {row.host}"
