"""Tables on a terminal of any width, and texts that must not reach it as they are."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from freshcoat_cli.output.tables import Column, lay_out
from freshcoat_cli.output.words import plain

COLUMNS = [
    Column("POOL", lambda one: one["pool"]),
    Column("RING", lambda one: one["ring"], spare=2),
    Column("PEOPLE", lambda one: one["people"], right=True),
    Column("NOTE", lambda one: one["note"], spare=1),
]
POOLS = [
    {"pool": "office", "ring": "production", "people": "28", "note": "x" * 30},
    {"pool": "a-pool-with-a-very-long-name", "ring": "test", "people": "1,000", "note": ""},
]


def lines(width: int | None) -> list[str]:
    return [line.plain for line in lay_out(COLUMNS, POOLS, width)]


def test_a_table_that_has_room_shows_everything_in_columns() -> None:
    assert lines(None) == [
        "POOL                           RING         PEOPLE   NOTE",
        f"office                         production       28   {'x' * 30}",
        "a-pool-with-a-very-long-name   test          1,000",
    ]


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 200])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    assert max(map(cell_len, lines(width))) <= width


def test_what_is_least_needed_goes_first() -> None:
    assert "RING" not in lines(75)[0]
    assert "NOTE" in lines(75)[0]
    assert lines(40)[0].split() == ["POOL", "PEOPLE"]


def test_a_cell_is_cut_only_where_nothing_else_can_go() -> None:
    assert lines(30)[2] == "a-pool-with-a-very-l…    1,000"


def test_a_column_that_says_nothing_is_left_out() -> None:
    quiet = [{**one, "note": ""} for one in POOLS]
    assert "NOTE" not in lay_out(COLUMNS, quiet, None)[0].plain


def test_wide_characters_are_counted_as_the_terminal_shows_them() -> None:
    (_, row) = lay_out(COLUMNS[:2], [{"pool": "東京", "ring": "test"}], None)
    assert row.plain == "東京   test"


@pytest.mark.parametrize("text", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\x07b", "a\u2028b"])
def test_a_text_from_elsewhere_does_nothing_to_the_terminal(text: str) -> None:
    assert plain(text).isprintable()
    assert plain(text)[0] == "a"
