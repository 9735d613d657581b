"""Reads a rollout or a task again and again, and as little as can be: ETags, marks, and only events that are new."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from freshcoat_cli.watch.changes import newest
from freshcoat_cli.watch.sight import Json, Known, Sight
from freshcoat_cli.watch.words import WORKING

Params = Mapping[str, str | int]
_OVERLAP = timedelta(seconds=90)
"""Events are asked for from so long before the newest one: one that was stored late is not missed."""
_PAGE = 500
_FIRST_EVENTS = 5


class Fetch(Protocol):
    """A GET of the API."""

    def __call__(self, path: str, params: Params, etag: str) -> tuple[Json | None, str]:
        """The body and its ETag. The body is None if `etag` is still the one."""


@dataclass
class Reader:
    """Reads one rollout or task, for one kind of output."""

    fetch: Fetch
    path: str
    """`/rollouts/{id}` or `/tasks/{id}`."""
    now: Callable[[], datetime]
    all_hosts: bool = False
    """Whether every changed host is wanted, for programs; otherwise the few that a screen shows."""
    lines: int = 0
    """Lines for hosts on the screen. 0: none are read."""
    known: Known = field(default_factory=Known)
    _etag: str = ""
    _last: Sight | None = None

    def read(self) -> Sight:
        """What is known now. Raises what `fetch` raises."""
        view, etag = self.fetch(self.path, {}, self._etag)
        if view is None and self._last is not None:
            sight = Sight(self._last.view, self.now(), () if self.all_hosts else self._last.hosts)
        else:
            sight = Sight(view or {}, self.now())
        if sight.is_rollout:
            sight = Sight(sight.view, sight.read_at, self._hosts(sight), self._events(view is not None))
        self._etag, self._last = etag, sight
        return sight

    def _hosts(self, sight: Sight) -> tuple[Json, ...]:
        mark = str(sight.view["mark"])
        if mark == self.known.mark:
            return sight.hosts
        if self.all_hosts:
            found = tuple(self._changed_hosts())
        elif self.lines:
            found = tuple(self._shown_hosts(sight.view["counts"]))
            self.known.mark = mark
        else:
            found = ()
        return found

    def _shown_hosts(self, counts: Json) -> Iterator[Json]:
        """Failed ones, those in work, then those that wait; no more than there are lines."""
        room = min(self.lines, _PAGE)
        for states in (("failed",), WORKING, ("waiting_for_logoff",)):
            if room > 0 and any(counts.get(state) for state in states):
                params: Params = {"state": ",".join(states), "limit": room, "sort": "state_since"}
                items = self._get("hosts", params)["items"]
                room -= len(items)
                yield from items

    def _changed_hosts(self) -> Iterator[Json]:
        """Those that have changed since the last mark; at first all."""
        params: dict[str, str | int] = {"limit": _PAGE} | ({"since": self.known.mark} if self.known.mark else {})
        page = self._get("hosts", params)
        first = str(page["mark"])
        yield from page["items"]
        while page["continuation"]:
            page = self._get("hosts", params | {"continuation": page["continuation"]})
            yield from page["items"]
        self.known.mark = first

    def _events(self, changed: bool) -> tuple[Json, ...]:
        """What has happened since the last look, the oldest first. At first the last few."""
        if not changed:
            return ()
        events = sorted((one for one in self._since() if one["id"] not in self.known.events), key=lambda one: one["at"])
        self.known.events |= {item["id"] for item in events}
        if at := newest(tuple(events)):
            self.known.since = (at - _OVERLAP).isoformat()
        return tuple(events)

    def _since(self) -> Iterator[Json]:
        if not self.known.since:
            yield from self._get("events", {"limit": _FIRST_EVENTS})["items"]
            return
        yield from self._pages("events", {"limit": _PAGE, "since": self.known.since, "order": "asc"})

    def _pages(self, what: str, params: Params) -> Iterator[Json]:
        page = self._get(what, params)
        yield from page["items"]
        while page["continuation"]:
            page = self._get(what, {**params, "continuation": page["continuation"]})
            yield from page["items"]

    def _get(self, what: str, params: Params) -> Json:
        body, _ = self.fetch(f"{self.path}/{what}", params, "")
        return body or {}
