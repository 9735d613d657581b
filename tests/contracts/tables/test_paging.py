"""How every `Rows` lists: partitions, pages, filters; the real table service and the one in memory."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import InvalidRequest
from shared.models.rollouts import RolloutHost
from shared.ports.storage import Rows
from shared.tables.open import Tables
from tests.fixtures.table_records import NOON, Colour, Everything, row

type Table = Rows[Everything]


def test_partitions_do_not_see_each_other(rows: Table) -> None:
    rows.add(row("a"))
    rows.add(row("b", group="other"))
    assert [record.name for record in rows.all("g")] == ["a"]
    assert [record.name for record in rows.page("other", limit=9).rows] == ["b"]


def test_every_record_of_every_partition_can_be_read(rows: Table) -> None:
    assert rows.every() == []
    written = [rows.add(row(name, group=group)) for group in ("a/b", "g") for name in ("2", "1")]
    assert sorted(rows.every(), key=lambda one: (one.group, one.name)) == [written[i] for i in (1, 0, 3, 2)]


def test_every_continues_beyond_the_services_page_size(rows: Table) -> None:
    rows.write_many([row(f"{number:05d}") for number in range(1_203)])
    rows.add(row("one more", group="other"))
    assert len({record.name for record in rows.every()}) == 1_204


def test_all_continues_beyond_the_services_page_size(rows: Table) -> None:
    rows.write_many([row(f"{number:05d}") for number in range(1_203)])
    assert len(rows.all("g")) == 1_203


def test_pages_contain_every_record_once_in_key_order(rows: Table) -> None:
    rows.write_many([row(f"{number:02d}") for number in range(25)])
    names, sizes, token = [], [], None
    while True:
        page = rows.page("g", limit=10, continuation=token)
        names += [record.name for record in page.rows]
        sizes.append(len(page.rows))
        token = page.continuation
        if token is None:
            break
    assert names == [f"{number:02d}" for number in range(25)]
    assert sizes == [10, 10, 5]


def test_a_full_last_page_has_no_continuation(rows: Table) -> None:
    rows.write_many([row("a"), row("b")])
    assert rows.page("g", limit=2).continuation is None


def test_a_page_continues_although_its_last_record_was_removed(rows: Table) -> None:
    rows.write_many([row(name) for name in "abcd"])
    first = rows.page("g", limit=2)
    rows.remove(first.rows[-1])
    assert [record.name for record in rows.page("g", limit=2, continuation=first.continuation).rows] == ["c", "d"]


def test_pages_are_filtered_before_they_are_cut(rows: Table) -> None:
    rows.write_many([row(f"{number:02d}", flag=number % 5 == 0, text="it's") for number in range(50)])
    first = rows.page("g", limit=6, flag=True, text="it's")
    rest = rows.page("g", limit=6, flag=True, text="it's", continuation=first.continuation)
    assert [record.name for record in first.rows + rest.rows] == [f"{number:02d}" for number in range(0, 50, 5)]
    assert rest.continuation is None


def test_each_returns_every_matching_record_beyond_the_services_page_size(rows: Table) -> None:
    rows.write_many([row(f"{number:05d}", flag=number % 2 == 0) for number in range(1_203)])
    rows.add(row("one more", group="other", flag=True))
    assert [record.name for record in rows.each("g")] == [f"{number:05d}" for number in range(1_203)]
    assert [record.name for record in rows.each("g", flag=True)] == [f"{number:05d}" for number in range(0, 1_203, 2)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("flag", True), ("number", 1), ("share", 0.5), ("at", NOON), ("colour", Colour.RED)],
)
def test_every_plain_type_can_be_filtered_by(rows: Table, field: str, value: object) -> None:
    rows.add(row("yes", **{field: value}))
    rows.add(row("no"))
    assert [record.name for record in rows.page("g", limit=5, **{field: value}).rows] == ["yes"]


@pytest.mark.parametrize("equal", [{"inner": None}, {"counts": {}}, {"nothing": 1}, {"number": 2**40}, {"at": None}])
def test_fields_not_stored_natively_cannot_be_filtered_by(rows: Table, equal: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="cannot be filtered"):
        rows.page("g", limit=5, **equal)
    with pytest.raises(ValueError, match="cannot be filtered"):
        next(rows.each("g", **equal))


@pytest.mark.parametrize("token", ["???", "%", "zz=z", "4pyT"])
def test_a_made_up_continuation_is_refused(rows: Table, token: str) -> None:
    with pytest.raises(InvalidRequest, match="continuation"):
        rows.page("g", limit=5, continuation=token)


def test_records_written_since_a_read_are_found_without_reading_all(
    rows: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.tables.rows.OVERLAP", timedelta(0))
    assert rows.since("g", "")[0] == []
    first = rows.write_many([row(f"{number:04d}") for number in range(1_203)])
    rows.add(row("x", group="other"))
    known, mark = rows.since("g", "")
    assert known == first

    changed, new = rows.replace(first[7].model_copy(update={"text": "new"})), rows.add(row("new"))
    found, later = rows.since("g", mark)

    assert [record for record in found if record not in first] == [changed, new]
    assert len(found) < 110  # the last transaction has the moment of the mark
    assert rows.since("g", later)[1] == later > mark


def test_records_written_shortly_before_a_read_are_returned_again(tables: Tables) -> None:
    """What became visible late is not missed; the real table service alone has a clock."""
    written = tables.hosts.add(RolloutHost(rollout="r", host="a", vm_id="/vm"))
    _, mark = tables.hosts.since("r", "")
    assert tables.hosts.since("r", mark)[0] == [written]
