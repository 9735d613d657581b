"""Chains of the record: one for each worker, without gaps, whatever fails."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from shared.audit.verify import Checked, verify
from shared.caches.audit_writer import AuditWriter
from shared.core.errors import AzureBusy
from shared.models.audit import AuditEntry
from shared.tables import keys
from tests.fixtures.fakes.tables import MemoryRows, memory_rows

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
BUSY = AzureBusy("table", 503, "ServerBusy", "later")


def rows_of_record() -> MemoryRows[AuditEntry]:
    return memory_rows(AuditEntry, keys.audit_keys)


def entry(subject: str = "office", at: datetime = NOON) -> AuditEntry:
    return AuditEntry(id="", at=at, who="ann", action="register pool", subject=subject)


def checked(rows: MemoryRows[AuditEntry], *months: str) -> Checked:
    return verify(rows, list(months or ["2026-11"]), lambda _: True, seconds=60)


def test_entries_are_linked_newest_first() -> None:
    rows, writer = rows_of_record(), AuditWriter()
    for number in range(3):
        writer.append(rows, entry(str(number)))
    newest, middle, oldest = rows.all("2026-11")
    assert [one.subject for one in (oldest, middle, newest)] == ["0", "1", "2"]
    assert [one.sequence for one in (oldest, middle, newest)] == [1, 2, 3]
    assert (middle.previous, newest.previous) == (oldest.digest, middle.digest)
    found = checked(rows)
    assert (found.months, found.entries, found.broken) == (["2026-11"], 3, [])
    assert found.heads == {"2026-11": {newest.writer: newest}}


def test_many_threads_share_a_chain() -> None:
    rows, writer = rows_of_record(), AuditWriter()
    threads = [
        threading.Thread(target=writer.append, args=(rows, *[entry(f"{n}-{k}") for k in range(9)])) for n in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.sequence for one in rows.all("2026-11")) == list(range(1, 361))
    assert checked(rows).broken == []


def test_two_workers_write_chains_of_their_own_and_the_later_follows_the_earlier() -> None:
    rows, first, second = rows_of_record(), AuditWriter(), AuditWriter()
    first.append(rows, entry("a"))
    second.append(rows, entry("b", NOON + timedelta(seconds=1)))
    first.append(rows, entry("c", NOON + timedelta(seconds=2)))
    newest, other, oldest = rows.all("2026-11")
    assert newest.writer == oldest.writer != other.writer
    assert (other.sequence, other.previous, other.follows) == (1, oldest.digest, f"2026-11:{oldest.id}")
    assert checked(rows).broken == []


@pytest.mark.parametrize("lost", [False, True])
def test_after_a_failed_write_a_new_chain_goes_on(lost: bool) -> None:
    rows, writer = rows_of_record(), AuditWriter()
    writer.append(rows, entry("a"))
    (rows.lost_answers if lost else rows.failures)["add"] = [BUSY]
    with pytest.raises(AzureBusy):
        writer.append(rows, entry("b"))
    writer.append(rows, entry("c", NOON + timedelta(seconds=1)))
    assert [one.subject for one in rows.all("2026-11")] == (["c", "b", "a"] if lost else ["c", "a"])
    assert len({one.writer for one in rows.all("2026-11")}) == 2
    assert checked(rows).broken == []


def test_a_month_begins_a_chain_that_follows_the_last_month() -> None:
    rows, writer = rows_of_record(), AuditWriter()
    for day in (28, 29, 31, 32):
        writer.append(rows, entry(str(day), NOON + timedelta(days=day - 2)))
    december = rows.all("2026-12")
    assert [one.sequence for one in december] == [2, 1]
    assert december[1].follows == f"2026-11:{rows.all('2026-11')[0].id}"
    assert checked(rows, "2026-12", "2026-11").broken == []


def test_a_clock_that_goes_back_does_not_turn_the_order() -> None:
    rows, writer = rows_of_record(), AuditWriter()
    writer.append(rows, entry("a"))
    writer.append(rows, entry("b", NOON - timedelta(minutes=5)))
    assert [one.subject for one in rows.all("2026-11")] == ["b", "a"]
    assert checked(rows).broken == []
