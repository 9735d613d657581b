"""Checks that the record is whole: nothing changed, removed or put in since it was written."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.models.audit import AuditEntry
from shared.ports.storage import Rows

OVERLAP = timedelta(days=1)
"""How long workers of a release without chains may still write beside those with chains."""
MOST_BROKEN = 100


@dataclass(frozen=True)
class BrokenLink:
    """Where a chain is broken, and why."""

    month: str
    writer: str
    sequence: int
    at: datetime
    why: str


@dataclass
class Checked:
    """The result of a walk, newest entries first."""

    months: list[str] = field(default_factory=list)
    entries: int = 0
    unchained: int = 0
    """Entries from before there were chains."""
    broken: list[BrokenLink] = field(default_factory=list)
    complete: bool = True
    """False: time was up; older entries were not looked at."""
    heads: dict[str, dict[str, AuditEntry]] = field(default_factory=dict)
    """Month -> writer -> its newest entry, of months that were looked at to their ends."""
    signed: list[str] = field(default_factory=list)
    """Months whose entries are those that were signed."""
    signatures_read: bool = True
    """False: the key or the signatures could not be read."""

    @property
    def first(self) -> BrokenLink | None:
        """The oldest broken link that was found."""
        return min(self.broken, key=lambda link: (link.at, link.sequence), default=None)


def verify(
    rows: Rows[AuditEntry],
    months: list[str],
    kept: Callable[[str], bool],
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Checked:
    """Walk these months, the newest first, for as many seconds at most. `kept` says whether a month is still kept, so
    that what its entries are followed by can be looked up."""
    checked, until = Checked(), clock() + seconds
    for month in months:
        walk = _Month(rows, month, kept, checked)
        for entry in rows.each(month):
            walk.look(entry)
            if len(checked.broken) >= MOST_BROKEN or clock() > until:
                checked.complete = False
                return checked
        walk.end()
        checked.months.append(month)
        checked.heads[month] = walk.heads
    return checked


class _Month:
    """One walk through a month. Each entry says what the next older one of its writer must be."""

    def __init__(self, rows: Rows[AuditEntry], month: str, kept: Callable[[str], bool], checked: Checked) -> None:
        self._rows, self._month, self._kept, self._checked = rows, month, kept, checked
        self.heads: dict[str, AuditEntry] = {}
        self._newer: dict[str, AuditEntry] = {}
        self._begun: set[str] = set()
        self._oldest_chained: AuditEntry | None = None
        self._newest_unchained: AuditEntry | None = None

    def look(self, entry: AuditEntry) -> None:
        """Compare an entry with its newer neighbour."""
        self._checked.entries += 1
        if not entry.writer:
            self._checked.unchained += 1
            self._newest_unchained = self._newest_unchained or entry
            return
        self.heads.setdefault(entry.writer, entry)
        self._oldest_chained = entry
        if why := self._why(entry, self._newer.pop(entry.writer, None)):
            self._break(entry, why)
        if entry.sequence > 1:
            self._newer[entry.writer] = entry
        else:
            self._begun.add(entry.writer)
            self._check_followed(entry)

    def end(self) -> None:
        """After the oldest entry of the month."""
        for entry in self._newer.values():
            self._break(entry, f"Entries 1 to {entry.sequence - 1} of this writer are missing.")
        newest, oldest = self._newest_unchained, self._oldest_chained
        if newest and oldest and newest.at > oldest.at + OVERLAP:
            self._break(newest, "This entry belongs to no chain.")

    def _why(self, entry: AuditEntry, newer: AuditEntry | None) -> str:
        if entry.month != self._month or entry.digest_of_content() != entry.digest:
            return "The entry was changed after it was written."
        if entry.writer in self._begun:
            return "The chain begins twice."
        if newer is None:
            return ""
        if entry.sequence != newer.sequence - 1:
            missing = f"{entry.sequence + 1} to {newer.sequence - 1}"
            return f"Entries {missing} are missing." if entry.sequence < newer.sequence else "The order is wrong."
        return "" if entry.digest == newer.previous else "The next entry was written after another one than this."

    def _check_followed(self, entry: AuditEntry) -> None:
        month, _, row = entry.follows.partition(":")
        if not row or not self._kept(month):
            return
        found = self._rows.find(month, row)
        if found is None or found.digest != entry.previous:
            self._break(entry, "The entry that this chain follows is missing or was changed.")

    def _break(self, entry: AuditEntry, why: str) -> None:
        self._checked.broken.append(BrokenLink(self._month, entry.writer, entry.sequence, entry.at, why))
