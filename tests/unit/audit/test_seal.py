"""The heads of a month are signed once it is over, and what does not agree with them is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.audit.record import audit
from shared.audit.seal import seal_months
from shared.caches.audit_writer import AuditWriter
from shared.core.errors import AzureBusy
from shared.models.audit import AuditEntry
from shared.services import Services
from shared.views.audit import verify_record
from tests.fixtures.app import App
from tests.fixtures.seals import MemorySeals

MONTH, NAME = "2026-11", "heads/2026-11.json"


class Record:
    """Two workers wrote in November; it is December."""

    def __init__(self) -> None:
        self.app, self.seals = App(), MemorySeals()
        for worker, count in (("ann", 4), ("bob", 2)):
            self.app.audit_writer = AuditWriter()
            for number in range(count):
                self.app.later(minutes=1)
                audit(self.app.services, worker, "register pool", f"{worker} {number}")
        self.services.audit_writer.__init__()  # type: ignore[misc]
        self.app.now = datetime.fromisoformat("2026-12-01T02:00:00Z")

    @property
    def services(self) -> Services:
        return replace(self.app.services, seals=self.seals)

    @property
    def entries(self) -> list[AuditEntry]:
        """Newest first."""
        return self.app.tables.audit.all(MONTH)

    def why(self) -> str | None:
        found = verify_record(self.services, MONTH)
        assert found.signatures_read
        assert found.whole is (found.first is None)
        assert found.signed == ([MONTH] if found.whole else [])
        return found.first.why if found.first else None


@pytest.fixture
def record() -> Record:
    return Record()


def signed(record: Record) -> Record:
    assert seal_months(record.services) == [MONTH]
    return record


def test_the_heads_of_all_writers_are_signed_once(record: Record) -> None:
    signed(record)
    told = json.loads(json.loads(record.seals.kept[NAME])["statement"])
    assert told["month"] == MONTH
    assert sorted(one["sequence"] for one in told["heads"]) == [2, 4]
    before = dict(record.seals.kept)
    assert seal_months(record.services) == []
    assert record.seals.kept == before
    assert record.why() is None


def test_nothing_is_signed_before_the_month_is_over_without_entries_or_without_a_key(record: Record) -> None:
    record.app.now = datetime.fromisoformat("2026-12-01T00:30:00Z")
    assert seal_months(record.services) == []
    record.app.now += timedelta(hours=1)
    assert seal_months(record.app.services) == []
    assert seal_months(record.services) == [MONTH]
    assert list(record.seals.kept) == [NAME]


def test_a_month_whose_chain_is_broken_is_not_signed(record: Record) -> None:
    record.app.tables.audit.remove(record.entries[3])
    assert seal_months(record.services) == []
    assert record.seals.kept == {}


def cut_off_the_newest(record: Record) -> None:
    record.app.tables.audit.remove(record.entries[0])


def remove_a_writer(record: Record) -> None:
    for entry in record.entries[:2]:
        record.app.tables.audit.remove(entry)


def write_another_one(record: Record) -> None:
    record.app.now = record.entries[0].at + timedelta(minutes=1)
    record.app.audit_writer = AuditWriter()
    audit(record.app.services, "mallory", "register pool", "later")


def forge_the_whole_month(record: Record) -> None:
    entries = record.entries
    for entry in entries:
        record.app.tables.audit.remove(entry)
    record.app.audit_writer = AuditWriter()
    record.app.now = entries[-1].at
    audit(record.app.services, "ann", "register pool", "never happened")


def edit(**changes: Any) -> Callable[[Record], None]:
    def act(record: Record) -> None:
        record.seals.kept[NAME] = json.dumps(json.loads(record.seals.kept[NAME]) | changes)

    return act


def sign_other_heads(record: Record) -> None:
    stored = json.loads(record.seals.kept[NAME])
    record.seals.kept[NAME] = json.dumps(
        stored | {"statement": stored["statement"].replace('"sequence":4', '"sequence":3')}
    )


@pytest.mark.parametrize(
    ("forge", "expected"),
    [
        (cut_off_the_newest, "The newest entry of this writer is not the one that was signed."),
        (remove_a_writer, "The signed entries of this writer are missing."),
        (write_another_one, "The newest entry of this writer is not the one that was signed."),
        (forge_the_whole_month, "The signed entries of this writer are missing."),
        (edit(signature="AAAA"), "The signature of this month is not valid."),
        (edit(signature="?"), "What was signed of this month cannot be read."),
        (edit(key="https://elsewhere/keys/record/v1"), "The signature of this month is not valid."),
        (sign_other_heads, "The signature of this month is not valid."),
    ],
)
def test_what_does_not_agree_with_the_signed_heads_is_named(
    record: Record, forge: Callable[[Record], None], expected: str
) -> None:
    forge(signed(record))
    record.app.now = datetime.fromisoformat("2026-12-01T03:00:00Z")
    assert record.why() == expected


def test_without_the_vault_the_chains_are_checked_all_the_same(record: Record) -> None:
    signed(record).seals.error = AzureBusy("read", 503, "Busy", "later")
    found = verify_record(record.services, MONTH)
    assert (found.whole, found.signed, found.signatures_read) == (True, [], False)
