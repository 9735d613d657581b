"""Appends entries to the record. Each worker process writes chains of its own, so that workers never wait for each
other.

Threads that append at the same time share one transaction: while one writes, the entries of the others gather.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from threading import Event, Lock

from shared.core.errors import AzureBusy
from shared.core.ids import newest_first_moment
from shared.models.audit import AuditEntry
from shared.ports.storage import Rows

MOST_TOGETHER = 100
"""Maximum number of entries that are written at once: the rows of one transaction."""
_LAST_SEQUENCE = 9_999_999
_LONGEST_WAIT = 60.0
"""Seconds that a thread waits for another one's write, which has time limits of its own."""
_RETRY_AFTER = 10.0


@dataclass
class _Waiting:
    """The entries of one call of `append`."""

    entries: tuple[AuditEntry, ...]
    turn: Event = field(default_factory=Event)
    """Set when they are written, or when it is for their thread to write next."""
    ended: bool = False
    error: BaseException | None = None


class AuditWriter:
    """Safe for many threads. After a write that may have failed, it goes on with a new chain that follows the last
    entry that is surely stored."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._queue: list[_Waiting] = []
        self._busy = False
        """Whether a thread writes, or was told to. Only that one touches the chain; no lock is held meanwhile."""
        self._writer = ""
        self._last: AuditEntry | None = None

    def append(self, rows: Rows[AuditEntry], *entries: AuditEntry) -> None:
        """Write the entries in this order; when it returns, they are stored. Raises AzureBusy and other errors of
        `rows`."""
        mine = _Waiting(entries)
        with self._lock:
            self._queue.append(mine)
            first, self._busy = not self._busy, True
        if not first:
            self._await_turn(mine)
        if not mine.ended:
            self._write_until(rows, mine)
        if mine.error is not None:
            raise mine.error

    def _await_turn(self, mine: _Waiting) -> None:
        """Wait until the entries are written, or until this thread is to write. Raises AzureBusy after a minute."""
        if mine.turn.wait(_LONGEST_WAIT):
            return
        with self._lock:
            if mine in self._queue and not mine.turn.is_set():
                self._queue.remove(mine)
                raise _busy()
        if not mine.turn.wait(_LONGEST_WAIT):  # another thread has taken them: they may be stored
            raise _busy()

    def _write_until(self, rows: Rows[AuditEntry], mine: _Waiting) -> None:
        """Write what is queued, up to what this thread waits for; then the next thread writes."""
        while not mine.ended:
            self._write(rows, self._take())
        with self._lock:
            if self._queue:
                self._queue[0].turn.set()
            else:
                self._busy = False

    def _take(self) -> list[_Waiting]:
        """The calls that fit into one transaction, at least one."""
        with self._lock:
            taken = [self._queue.pop(0)]
            size = len(taken[0].entries)
            while self._queue and size + len(self._queue[0].entries) <= MOST_TOGETHER:
                taken.append(self._queue.pop(0))
                size += len(taken[-1].entries)
            return taken

    def _write(self, rows: Rows[AuditEntry], taken: list[_Waiting]) -> None:
        error: BaseException | None = None
        try:
            linked = self._linked(rows, [entry for one in taken for entry in one.entries])
            for _, group in groupby(linked, key=lambda entry: entry.month):
                self._store(rows, list(group))
        except BaseException as caught:  # noqa: BLE001 - every waiting thread must learn of it
            self._writer, error = "", caught  # nobody knows what is stored: the next entry begins a new chain
        for one in taken:
            one.ended, one.error = True, error
            one.turn.set()

    def _store(self, rows: Rows[AuditEntry], group: list[AuditEntry]) -> None:
        if len(group) == 1:
            rows.add(group[0])
        else:
            rows.write_many(group)
        self._last = group[-1]

    def _linked(self, rows: Rows[AuditEntry], entries: Sequence[AuditEntry]) -> list[AuditEntry]:
        """The entries with their place in the chain."""
        before = self._last
        found: list[AuditEntry] = []
        for entry in entries:
            before = self._link(rows, entry, before)
            found.append(before)
        return found

    def _link(self, rows: Rows[AuditEntry], entry: AuditEntry, before: AuditEntry | None) -> AuditEntry:
        at = max(entry.at, before.at) if before else entry.at
        placed = entry.model_copy(update={"at": at.astimezone(UTC)})
        goes_on = before is not None and self._writer == before.writer and before.month == placed.month
        if not self._writer:
            self._writer = secrets.token_hex(4)
        if before is None:
            before = _newest(rows, placed.at)
        sequence = before.sequence + 1 if goes_on and before else 1
        follows = "" if goes_on or before is None else f"{before.month}:{before.id}"
        placed = placed.model_copy(
            update={
                "id": f"{newest_first_moment(placed.at)}-{_LAST_SEQUENCE - sequence:07d}-{self._writer}",
                "writer": self._writer,
                "sequence": sequence,
                "previous": before.digest if before else "",
                "follows": follows,
            }
        )
        return placed.model_copy(update={"digest": placed.digest_of_content()})


def _busy() -> AzureBusy:
    text = "the record takes long to be written; try again in a moment"
    return AzureBusy("write the record", None, "Timeout", text, retry_after=_RETRY_AFTER)


def _newest(rows: Rows[AuditEntry], now: datetime) -> AuditEntry | None:
    """The newest chained entry of any worker: a new chain follows it, so that nobody can cut off its chain later."""
    this_month = now.astimezone(UTC)
    for moment in (this_month, this_month.replace(day=1) - timedelta(days=1)):
        found = rows.page(f"{moment:%Y-%m}", limit=1).rows
        if found and found[0].digest:
            return found[0]
    return None
