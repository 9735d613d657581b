"""Appends entries to the record. Each worker process writes chains of its own, so that workers never wait for each
other.

Threads that append at the same time share one transaction: while one writes, the entries of the others gather.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from threading import Lock

from shared.core.ids import newest_first_moment
from shared.models.audit import AuditEntry
from shared.ports.storage import Rows

MOST_TOGETHER = 100
"""Maximum number of entries that are written at once: the rows of one transaction."""
_LAST_SEQUENCE = 9_999_999


@dataclass
class _Waiting:
    entry: AuditEntry
    written: AuditEntry | None = None
    error: BaseException | None = None

    @property
    def ended(self) -> bool:
        return self.written is not None or self.error is not None


class AuditWriter:
    """Safe for many threads. After a write that may have failed, it goes on with a new chain that follows the last
    entry that is surely stored."""

    def __init__(self) -> None:
        self._queue_lock, self._turn = Lock(), Lock()
        self._queue: list[_Waiting] = []
        self._writer = ""
        self._last: AuditEntry | None = None

    def append(self, rows: Rows[AuditEntry], *entries: AuditEntry) -> None:
        """Write the entries in this order; when it returns, they are stored. Raises AzureBusy and other errors of
        `rows`."""
        mine = [_Waiting(entry) for entry in entries]
        with self._queue_lock:
            self._queue += mine
        with self._turn:
            while not all(one.ended for one in mine):
                self._write_next(rows)
        for one in mine:
            if one.error is not None:
                raise one.error

    def _write_next(self, rows: Rows[AuditEntry]) -> None:
        with self._queue_lock:
            taken, self._queue = self._queue[:MOST_TOGETHER], self._queue[MOST_TOGETHER:]
        try:
            linked = self._linked(rows, [one.entry for one in taken])
            for _, group in groupby(linked, key=lambda entry: entry.month):
                self._store(rows, list(group))
        except BaseException as error:  # noqa: BLE001 - every waiting thread must learn of it
            self._writer = ""  # nobody knows what is stored: the next entry begins a new chain
            for one in taken:
                one.error = error
            return
        for one, entry in zip(taken, linked, strict=True):
            one.written = entry

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
        follows = "" if goes_on or before is None else f"{before.month}/{before.id}"
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


def _newest(rows: Rows[AuditEntry], now: datetime) -> AuditEntry | None:
    """The newest chained entry of any worker: a new chain follows it, so that nobody can cut off its chain later."""
    this_month = now.astimezone(UTC)
    for moment in (this_month, this_month.replace(day=1) - timedelta(days=1)):
        found = rows.page(f"{moment:%Y-%m}", limit=1).rows
        if found and found[0].digest:
            return found[0]
    return None
