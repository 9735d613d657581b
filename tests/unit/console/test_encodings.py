"""The choice among the encodings of a file, and what a browser already has."""

from __future__ import annotations

import pytest

from shared.console.encodings import choose_encoding, is_known

BOTH = frozenset({"br", "gzip"})


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br ; q=0.9 , gzip ; q=0.9", "br"),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("*;q=0", ""),
        ("identity, br;q=0.5", ""),
        ("identity;q=0", ""),
        ("deflate", ""),
        ("", ""),
        (None, ""),
        ("br;q=many, gzip", "gzip"),
        (";;,,=", ""),
    ],
)
def test_the_browser_weighs_and_the_smaller_one_wins(accepted: str | None, chosen: str) -> None:
    assert choose_encoding(accepted, BOTH) == chosen


def test_only_what_was_made_is_chosen() -> None:
    assert choose_encoding("br, gzip", {"gzip"}) == "gzip"
    assert choose_encoding("br, gzip", ()) == ""


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"b", "a"', "*", ' "a" '])
def test_a_tag_that_the_browser_has_is_known(header: str) -> None:
    assert is_known('"a"', header)


@pytest.mark.parametrize("header", [None, "", '"b"', "a", '"a-br"', '"A"'])
def test_another_tag_is_not(header: str | None) -> None:
    assert not is_known('"a"', header)
