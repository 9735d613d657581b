"""Whatever is done to stored entries, verifying the record names the first place that is broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.audit.verify import verify
from shared.caches.audit_writer import AuditWriter
from shared.models.audit import AuditEntry
from shared.tables import keys
from tests.fixtures.fakes.tables import MemoryRows, memory_rows

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def five_entries_and_a_later_worker() -> tuple[MemoryRows[AuditEntry], list[AuditEntry]]:
    rows = memory_rows(AuditEntry, keys.audit_keys)
    first, second = AuditWriter(), AuditWriter()
    for number in range(5):
        at = NOON + timedelta(minutes=number)
        first.append(rows, AuditEntry(id="", at=at, who="ann", action="register pool", subject=str(number)))
    second.append(rows, AuditEntry(id="", at=NOON + timedelta(hours=1), who="bob", action="pause", subject="later"))
    return rows, list(reversed(rows.all("2026-11")))


def why(rows: MemoryRows[AuditEntry]) -> tuple[int, str] | None:
    first = verify(rows, ["2026-11"], lambda _: True, seconds=60).first
    return (first.sequence, first.why) if first else None


def test_an_untouched_record_is_whole() -> None:
    rows, _ = five_entries_and_a_later_worker()
    assert why(rows) is None


@pytest.mark.parametrize("field", ["who", "subject", "before", "detail", "correlation"])
def test_a_changed_entry_is_found(field: str) -> None:
    rows, entries = five_entries_and_a_later_worker()
    rows.replace(entries[2].model_copy(update={field: "mallory"}))
    assert why(rows) == (3, "The entry was changed after it was written.")


def test_a_changed_entry_with_a_new_digest_is_found() -> None:
    rows, entries = five_entries_and_a_later_worker()
    forged = entries[2].model_copy(update={"who": "mallory"})
    rows.replace(forged.model_copy(update={"digest": forged.digest_of_content()}))
    assert why(rows) == (3, "The next entry was written after another one than this.")


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        ([0], (2, "Entries 1 to 1 of this writer are missing.")),
        ([1, 2], (1, "Entries 2 to 3 are missing.")),
        ([4], (1, "The entry that this chain follows is missing or was changed.")),
        ([0, 1, 2, 3, 4], (1, "The entry that this chain follows is missing or was changed.")),
    ],
)
def test_removed_entries_are_found(removed: list[int], expected: tuple[int, str]) -> None:
    rows, entries = five_entries_and_a_later_worker()
    for number in removed:
        rows.remove(entries[number])
    assert why(rows) == expected


def test_an_entry_that_was_put_in_is_found() -> None:
    rows, entries = five_entries_and_a_later_worker()
    late = entries[0].model_copy(
        update={"id": "8204680874795-4bd9", "at": NOON + timedelta(days=3), "writer": "", "digest": "", "sequence": 0}
    )
    rows.add(late)
    assert why(rows) == (0, "This entry belongs to no chain.")


def test_entries_from_before_there_were_chains_are_counted() -> None:
    rows, _ = five_entries_and_a_later_worker()
    old = AuditEntry(id="9999999999999-4bd9", at=NOON - timedelta(hours=1), who="ann", action="pause", subject="x")
    rows.add(old)
    found = verify(rows, ["2026-11"], lambda _: True, seconds=60)
    assert (found.entries, found.unchained, found.broken) == (7, 1, [])


def test_the_time_of_a_walk_is_bounded() -> None:
    rows, _ = five_entries_and_a_later_worker()
    seconds = iter(range(100))
    found = verify(rows, ["2026-11", "2026-10"], lambda _: True, seconds=3, clock=lambda: next(seconds))
    assert (found.complete, found.entries, found.months) == (False, 4, [])


def test_a_month_that_is_no_longer_kept_may_be_gone() -> None:
    rows = memory_rows(AuditEntry, keys.audit_keys)
    writer = AuditWriter()
    for at in (NOON, NOON + timedelta(days=30)):
        writer.append(rows, AuditEntry(id="", at=at, who="ann", action="pause", subject="x"))
    for entry in rows.all("2026-11"):
        rows.remove(entry)
    assert verify(rows, ["2026-12"], lambda month: month == "2026-12", seconds=60).broken == []
    assert len(verify(rows, ["2026-12"], lambda _: True, seconds=60).broken) == 1
