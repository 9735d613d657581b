"""Lists are read from the service each time; left out are the copy of the SDK, and decoding the same row again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.data.tables import TableClient
from azure.data.tables._generated._serialization import Deserializer

from shared.core.settings import Settings
from shared.tables.codec import Codec
from shared.tables.open import connect
from shared.tables.plain_pages import PlainRow, plain_row, plain_rows, with_plain_pages
from shared.tables.rows import TableRows
from tests.fixtures.table_records import NOON, Everything, everything_keys


class CountingCodec(Codec[Everything]):
    """Counts the rows that are decoded."""

    def __init__(self) -> None:
        super().__init__(Everything, everything_keys)
        self.decoded = 0

    def decode(self, entity: Mapping[str, Any], etag: str) -> Everything:
        self.decoded += 1
        return super().decode(entity, etag)


@pytest.fixture
def table(table_settings: Settings) -> TableClient:
    """An empty table in Azurite."""
    return connect(table_settings).create_table(f"t{uuid.uuid4().hex[:12]}")


def records(number: int) -> list[Everything]:
    return [Everything(name=f"r{one:03}", number=one, at=NOON, counts={"x": one}) for one in range(number)]


def test_a_row_that_has_not_changed_is_decoded_once(table: TableClient) -> None:
    codec = CountingCodec()
    rows = TableRows(table, codec, keeps=100)
    rows.write_many(records(30))
    first = rows.all("g")
    assert (codec.decoded, rows.all("g") == first, codec.decoded) == (30, True, 30)
    found = rows.find("g", "r007")
    assert (found, codec.decoded) == (first[7], 30)


def test_a_kept_row_is_never_older_than_the_table(table: TableClient) -> None:
    """Others write, remove and add: each read shows what is there, as a table that keeps nothing shows it."""
    keeping, other = (TableRows(table, Codec(Everything, everything_keys), keeps=keeps) for keeps in (100, 0))
    keeping.write_many(records(5))
    for change in range(20):
        before = keeping.all("g")
        other.replace(before[change % 5].replace(number=100 + change))
        if change % 3 == 0:
            gone = other.all("g")[2]
            other.remove(gone)
            assert keeping.find("g", gone.name) is None
            other.add(gone.model_copy(update={"etag": None, "text": f"anew {change}"}))
        assert keeping.all("g") == other.all("g")
        assert [one.etag for one in keeping.all("g")] == [one.etag for one in other.all("g")]


def test_more_rows_than_are_kept_are_read_all_the_same(table: TableClient) -> None:
    rows = TableRows(table, Codec(Everything, everything_keys), keeps=7)
    written = rows.write_many(records(30))
    for _ in range(2):
        assert rows.all("g") == written


def test_pages_are_the_same_without_the_copy_of_the_sdk(table: TableClient, monkeypatch: pytest.MonkeyPatch) -> None:
    TableRows(table, Codec(Everything, everything_keys)).write_many(
        [
            *records(5),
            Everything(name="s1", number=2**40, share=0.1, flag=True, text="ö" * 40_000, mixed="1"),
            Everything(name="s2", number=-(2**31) - 1, share=1e300, at=NOON),
        ]
    )
    credential: Any = table.credential
    usual = TableClient.from_table_url(f"{table.url}/{table.table_name}", credential=credential)
    copied = list(usual.query_entities("PartitionKey eq 'g'", results_per_page=3))
    monkeypatch.setattr(Deserializer, "deserialize_object", None)
    plain = list(with_plain_pages(usual).query_entities("PartitionKey eq 'g'", results_per_page=3))
    assert (plain, len(plain)) == (copied, 7)
    assert [one.metadata for one in plain] == [one.metadata for one in copied]
    assert [list(map(type, one.values())) for one in plain] == [list(map(type, one.values())) for one in copied]


def test_rows_are_the_same_without_what_the_sdk_makes_of_them(
    table: TableClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a page has values whose type the service has to name."""
    typed = Everything(name="c-typed", number=2**40, text="ö" * 40_000)
    written = TableRows(table, Codec(Everything, everything_keys)).write_many([*records(8), typed])
    which = "PartitionKey eq 'g'"
    usual = list(table.query_entities(which, results_per_page=3))
    ours = list(plain_rows(with_plain_pages(table).query_entities(which, results_per_page=3)))
    assert (ours, len(ours)) == (usual, 9)
    for name in ("etag", "timestamp"):
        assert [one.metadata[name] for one in ours] == [one.metadata[name] for one in usual]
    assert 0 < sum(isinstance(one, PlainRow) for one in ours) < 9, "some pages have it, others not"
    TableRows(table, Codec(Everything, everything_keys)).remove(written[-1])
    monkeypatch.setattr("azure.data.tables._models._convert_to_entity", None)
    rows = TableRows(table, Codec(Everything, everything_keys))
    assert rows.all("g") == rows.since("g", "")[0] == rows.every() == written[:-1]


@pytest.mark.parametrize(
    "entry",
    [
        {"odata.etag": "e"},
        {"Timestamp": "2026-11-02T09:00:00Z"},
        {"odata.etag": "e", "Timestamp": "2026-11-02T09:00:00Z", "n@odata.type": "Edm.Int64", "n": "5"},
        {"odata.etag": "e", "Timestamp": "2026-11-02T09:00:00Z", "n": 2**31},
    ],
)
def test_a_row_that_is_not_plain_is_left_to_the_sdk(entry: dict[str, Any]) -> None:
    assert plain_row(entry) is None


def test_the_time_of_the_last_write_has_seven_digits_or_none() -> None:
    for text, microsecond in (("2026-11-02T09:00:00.1234567Z", 123456), ("2026-11-02T09:00:00Z", 0)):
        row = plain_row({"odata.etag": "e", "Timestamp": text, "Timestamp@odata.type": "Edm.DateTime", "a": True})
        assert row == {"a": True}
        assert row.metadata["timestamp"] == datetime(2026, 11, 2, 9, 0, 0, microsecond, UTC)
