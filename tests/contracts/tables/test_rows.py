"""What every `Rows` does: the real table service and the one in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.core.errors import AlreadyExists, StaleRow, TooLarge
from shared.ports.storage import Rows
from tests.fixtures.table_records import NOON, Colour, Everything, Inner, row

type Table = Rows[Everything]


def test_a_record_is_read_as_written(rows: Table) -> None:
    written = rows.add(
        row(
            "full",
            text="O'Neill ü 😀 \\/#?%\n",
            number=2**40,
            share=0.1,
            flag=True,
            at=NOON,
            colour=Colour.RED,
            mixed="25%",
            inner=Inner(at=NOON, names=("a", "b")),
            counts={"done": 3},
            names=("x",),
        )
    )
    found = rows.find("g", "full")
    assert found == written
    assert found is not None
    assert found.etag


def test_a_record_of_defaults_is_read_as_written(rows: Table) -> None:
    assert rows.add(row("empty")) == rows.find("g", "empty")


@pytest.mark.parametrize("number", [0, 1, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, -(2**63)])
def test_integers_keep_their_value(rows: Table, number: int) -> None:
    rows.add(row("n", number=number))
    assert [found.number for found in rows.all("g")] == [number]


def test_an_integer_beyond_64_bits_is_refused(rows: Table) -> None:
    with pytest.raises(TooLarge):
        rows.add(row("n", number=2**63))


def test_a_time_is_stored_in_utc(rows: Table) -> None:
    rows.add(row("m", at=datetime(2026, 7, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))))
    found = rows.find("g", "m")
    assert found is not None
    assert found.at == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    assert str(found.at) == "2026-07-01 00:00:00+00:00"


def test_a_changed_time_is_written(rows: Table) -> None:
    rows.add(row("m", at=NOON))
    found = rows.find("g", "m")
    assert found is not None
    assert found.at is not None
    rows.replace(found.model_copy(update={"at": found.at + timedelta(hours=1)}))
    assert rows.find("g", "m") == row("m", at=NOON + timedelta(hours=1), etag=rows.all("g")[0].etag)


def test_an_unknown_record_is_none(rows: Table) -> None:
    assert rows.find("g", "nobody") is None


def test_adding_twice_is_refused(rows: Table) -> None:
    rows.add(row("a", text="first"))
    with pytest.raises(AlreadyExists) as refused:
        rows.add(row("a", text="second"))
    assert refused.value.key == "g/a"
    assert rows.all("g")[0].text == "first"


def test_replacing_needs_the_latest_etag(rows: Table) -> None:
    old = rows.add(row("a"))
    new = rows.replace(old.model_copy(update={"number": 1}))
    with pytest.raises(StaleRow):
        rows.replace(old.model_copy(update={"number": 2}))
    assert rows.replace(new.model_copy(update={"number": 3})).number == 3
    assert rows.all("g")[0].number == 3


def test_replacing_removes_fields_that_became_none(rows: Table) -> None:
    written = rows.add(row("a", at=NOON, inner=Inner(at=NOON)))
    rows.replace(written.model_copy(update={"at": None, "inner": None}))
    found = rows.all("g")[0]
    assert (found.at, found.inner) == (None, None)


def test_replacing_a_removed_record_is_stale(rows: Table) -> None:
    written = rows.add(row("a"))
    rows.remove(written)
    with pytest.raises(StaleRow):
        rows.replace(written)


def test_replacing_a_record_that_was_never_read_is_a_bug(rows: Table) -> None:
    with pytest.raises(ValueError, match="etag"):
        rows.replace(row("a"))


def test_removing_needs_the_latest_etag_and_may_be_repeated(rows: Table) -> None:
    old = rows.add(row("a"))
    new = rows.replace(old)
    with pytest.raises(StaleRow):
        rows.remove(old)
    rows.remove(new)
    rows.remove(new)
    assert rows.all("g") == []


def test_of_many_concurrent_claims_one_wins(rows: Table) -> None:
    free = rows.add(row("pool"))

    def claim(number: int) -> int:
        try:
            rows.replace(free.model_copy(update={"number": number}))
        except StaleRow:
            return 0
        return number

    with ThreadPoolExecutor(8) as threads:
        winners = [number for number in threads.map(claim, range(1, 9)) if number]
    assert winners == [rows.all("g")[0].number]


@pytest.mark.parametrize(
    "key", ["a/b", "a\\b", "a#b?c", "100%", "~2f", "it's", "ü😀", "tab\there", " ", "a" * 251, "ü" * 120]
)
def test_any_text_can_be_a_key(rows: Table, key: str) -> None:
    written = rows.add(row(key, group=key))
    assert rows.find(key, key) == written
    assert rows.all(key) == [written]
    assert rows.write_many([written])[0].name == key
    rows.remove(rows.all(key)[0])


def test_long_keys_that_differ_at_the_end_stay_different(rows: Table) -> None:
    rows.add(row("k" * 300 + "1"))
    rows.add(row("k" * 300 + "2"))
    assert len(rows.all("g")) == 2


def test_many_records_are_written_in_transactions_of_a_hundred(rows: Table) -> None:
    written = rows.write_many([row(f"{number:04d}") for number in range(250)])
    assert [record.name for record in rows.all("g")] == [f"{number:04d}" for number in range(250)]
    again = rows.write_many([record.model_copy(update={"flag": True}) for record in written])
    assert all(record.flag for record in rows.all("g"))
    assert {record.etag for record in again} == {record.etag for record in rows.all("g")}


def test_large_records_are_written_in_transactions_of_four_mebibytes(rows: Table) -> None:
    rows.write_many([row(f"{number:02d}", text="x" * 400_000) for number in range(12)])
    assert [len(record.text) for record in rows.all("g")] == [400_000] * 12


def test_a_transaction_is_atomic(rows: Table) -> None:
    old = rows.add(row("b"))
    rows.replace(old)
    with pytest.raises(StaleRow) as stale:
        rows.write_many([row("a"), old, row("c")])
    assert stale.value.key == "g/b"
    assert [record.name for record in rows.all("g")] == ["b"]


def test_a_transaction_with_a_known_record_is_refused(rows: Table) -> None:
    rows.add(row("b"))
    with pytest.raises(AlreadyExists) as refused:
        rows.write_many([row("a"), row("b")])
    assert refused.value.key == "g/b"
    assert [record.name for record in rows.all("g")] == ["b"]


def test_a_transaction_with_a_removed_record_is_stale(rows: Table) -> None:
    gone = rows.add(row("b"))
    rows.remove(gone)
    with pytest.raises(StaleRow):
        rows.write_many([row("a"), gone])


def test_transactions_before_the_failing_one_stay_written(rows: Table) -> None:
    rows.add(row("0150"))
    with pytest.raises(AlreadyExists):
        rows.write_many([row(f"{number:04d}") for number in range(200)])
    assert len(rows.all("g")) == 101


def test_writing_no_records_is_accepted(rows: Table) -> None:
    assert rows.write_many([]) == []


def test_two_partitions_are_not_written_together(rows: Table) -> None:
    with pytest.raises(ValueError, match="one partition"):
        rows.write_many([row("a"), row("a", group="other")])


def test_one_record_is_not_written_twice_together(rows: Table) -> None:
    with pytest.raises(ValueError, match="twice"):
        rows.write_many([row("a"), row("a")])


def test_texts_longer_than_a_property_are_read_completely(rows: Table) -> None:
    text = "aü😀" * 40_000
    rows.add(row("long", text=text, names=("x" * 50_000, "y")))
    found = rows.find("g", "long")
    assert found is not None
    assert found.text == text
    assert found.names == ("x" * 50_000, "y")


def test_a_record_over_a_mebibyte_is_refused(rows: Table) -> None:
    with pytest.raises(TooLarge):
        rows.add(row("big", text="x" * 530_000))
    assert rows.all("g") == []


def test_records_before_a_time_are_found_in_any_partition(rows: Table) -> None:
    for name, hours in (("a", -2), ("b", -1), ("c", 0), ("d", 1)):
        rows.add(row(name, at=NOON + timedelta(hours=hours)).model_copy(update={"group": name}))
    assert {found.name for found in rows.before("at", NOON, limit=9)} == {"a", "b"}
    assert len(rows.before("at", NOON, limit=1)) == 1


def test_many_are_removed_together_each_with_its_latest_etag(rows: Table) -> None:
    written = rows.write_many([row(f"{number:03d}") for number in range(150)])
    rows.remove_many(written[:120])
    assert [record.name for record in rows.all("g")] == [f"{number:03d}" for number in range(120, 150)]
    rows.replace(written[125])
    with pytest.raises(StaleRow):
        rows.remove_many(written[120:])
    assert len(rows.all("g")) == 30
    with pytest.raises(StaleRow):
        rows.remove_many(written[:1])
    rows.remove_many([])
