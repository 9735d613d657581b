"""What readers of a rollout have seen of its hosts: a mark for each state, and what has changed since an earlier mark.

A mark names a state of all rows and the moment it was found. This worker remembers its latest marks, so it answers
exactly what has changed since one of them. Of another worker's mark it knows the names and the moment: it then answers
a little more than has changed, or all rows.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from shared.models.rollouts import RolloutHost

_MOST = 50
"""Maximum number of rollouts that are remembered."""
_MARKS_KEPT = 500
"""How many states of one rollout are remembered."""
_NAMES_KEPT = 8
"""How many sets of names of one rollout are remembered."""
_SKEW = timedelta(seconds=10)
"""How far the clocks of workers may be apart, with the time that a read takes."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARK_PATTERN = r"^[0-9a-f]{16}-[0-9a-f]{8}-[0-9]{1,14}$"
_MARK = re.compile(MARK_PATTERN.strip("^$"))


@dataclass(frozen=True)
class Changes:
    """What has changed since a mark. `whole`: `rows` are all there are, and others that the reader has are gone."""

    rows: tuple[RolloutHost, ...]
    removed: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class _Found:
    """In which read, and when, something was found."""

    read: int
    at: datetime


@dataclass(frozen=True)
class SeenRows:
    """The rows of a rollout's hosts by name, as one read found them. `as_of`: the read that found the last change."""

    rows: tuple[RolloutHost, ...]
    mark: str
    as_of: datetime
    about: Hashable
    read: int = 1
    since_when: datetime = _EPOCH
    """When this worker first read the rollout."""
    changed: Mapping[str, _Found] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    """The marks of this and of earlier states -> the reads that found them."""
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The digest of the hosts' names in this and in earlier states -> the names."""

    def since(self, mark: str) -> Changes:
        """What has changed since the reader got this mark, possibly more."""
        if mark.rpartition("-")[0] == self.mark.rpartition("-")[0]:
            return Changes(())  # the same state, whichever worker found it
        had = self.names.get(mark.split("-")[1]) if _MARK.fullmatch(mark) else None
        if had is None:
            return Changes(self.rows, whole=True)
        read, moment = self.marks.get(mark), _EPOCH + timedelta(milliseconds=int(mark.split("-")[2]))
        if read is not None:
            return self._where(had, lambda found: found.read > read)
        if moment - _SKEW < self.since_when:
            return Changes(self.rows, whole=True)
        return self._where(had, lambda found: found.at >= moment - _SKEW)

    def _where(self, had: frozenset[str], counts: Callable[[_Found], bool]) -> Changes:
        rows = tuple(row for row in self.rows if row.host not in had or counts(self.changed[row.host]))
        return Changes(rows, tuple(sorted(had - self.changed.keys())))


class SeenRowsCache:
    """The last seen rows of each rollout. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[str, SeenRows] = OrderedDict()

    def note(self, rollout_id: str, rows: Iterable[RolloutHost], about: Hashable, now: datetime) -> SeenRows:
        """The state that a read has found. `about`: what else is shown of each row; if it changed, all rows did."""
        ordered = tuple(sorted(rows, key=lambda row: row.host))
        with self._lock:
            seen = self._known[rollout_id] = _next(self._known.get(rollout_id), ordered, about, now)
            self._known.move_to_end(rollout_id)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return seen


def _next(before: SeenRows | None, rows: tuple[RolloutHost, ...], about: Hashable, now: datetime) -> SeenRows:
    stored = {row.host: row.etag for row in before.rows} if before and about == before.about else {}
    new = [row.host for row in rows if row.host not in stored or stored[row.host] != row.etag]
    if before and about == before.about and not new and len(stored) == len(rows):
        return before
    names = frozenset(row.host for row in rows)
    named = _digest(row.host for row in rows)[:8]
    content = _digest((repr(about), *(f"{row.host} {row.etag}" for row in rows)))[:16]
    mark = f"{content}-{named}-{round((now - _EPOCH) / timedelta(milliseconds=1))}"
    found = _Found(before.read + 1 if before else 1, now)
    changed = {host: one for host, one in before.changed.items() if host in names} if before else {}
    return SeenRows(
        rows,
        mark,
        now,
        about,
        read=found.read,
        since_when=before.since_when if before else now,
        changed=changed | dict.fromkeys(new, found),
        marks=_latest(before.marks if before else {}, mark, found.read, _MARKS_KEPT),
        names=_latest(before.names if before else {}, named, names, _NAMES_KEPT),
    )


def _latest[V](known: Mapping[str, V], key: str, value: V, most: int) -> dict[str, V]:
    """The latest of these with one more."""
    others = [item for item in known.items() if item[0] != key]
    return dict([*others[1 - most :], (key, value)])


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
