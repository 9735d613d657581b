"""The files of the built console, read when they are asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shared.caches.console_files import ConsoleFiles
from tests.fixtures.console import SCRIPT, build

ALL = "br, gzip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "dist")


def test_a_file_comes_in_the_encoding_that_was_made(folder: Path) -> None:
    files = ConsoleFiles(folder)
    for accepted, encoding, end in ((ALL, "br", ".br"), ("gzip", "gzip", ".gz"), ("", "", "")):
        found = files.find(SCRIPT, accepted)
        assert found
        assert (found.name, found.encoding, found.varies) == (SCRIPT, encoding, True)
        assert found.content == (folder / f"{SCRIPT}{end}").read_bytes()


def test_each_encoding_has_a_tag_of_its_own(folder: Path) -> None:
    files = ConsoleFiles(folder)
    found = [files.find(SCRIPT, accepted) for accepted in (ALL, "gzip", None)]
    assert len({file.tag for file in found if file}) == 3


def test_a_file_without_encodings_does_not_vary(folder: Path) -> None:
    found = ConsoleFiles(folder).find("favicon.svg", ALL)
    assert found
    assert (found.encoding, found.varies) == ("", False)


def test_nothing_is_found_where_nothing_is_built(tmp_path: Path) -> None:
    files = ConsoleFiles(tmp_path / "dist")
    assert not files.is_built
    assert files.find("", ALL) is None


def test_a_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ConsoleFiles(folder)
    first = files.find("", ALL)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} is read again"))
    assert files.find("pools", ALL) is first


def test_a_new_build_is_seen_while_the_app_runs(folder: Path) -> None:
    files = ConsoleFiles(folder)
    before = files.find("", None)
    (folder / "index.html").write_text("<!doctype html>new")
    os.utime(folder / "index.html", ns=(1, 1))
    (folder / "assets/new-Zz345678.js").write_text("1")
    after = files.find("", None)
    assert before
    assert after
    assert (after.content, after.tag != before.tag) == (b"<!doctype html>new", True)
    assert files.find("assets/new-Zz345678.js", None)


def test_a_build_that_comes_later_is_seen(tmp_path: Path) -> None:
    files = ConsoleFiles(tmp_path / "dist")
    assert not files.is_built
    build(tmp_path / "dist")
    assert files.is_built


def test_a_file_that_goes_away_is_missing(folder: Path) -> None:
    files = ConsoleFiles(folder)
    assert files.is_built
    held = folder.stat()
    (folder / "favicon.svg").unlink()
    os.utime(folder, ns=(held.st_atime_ns, held.st_mtime_ns))
    assert files.find("favicon.svg", None) is None


def test_what_is_kept_is_bounded(folder: Path) -> None:
    files = ConsoleFiles(folder, most_bytes=100)
    (folder / "large.txt").write_text("x" * 101)
    found = files.find("large.txt", None)
    assert found
    assert len(found.content) == 101
    assert files._kept.currsize == 0
    for name in ("index.html", SCRIPT, "favicon.svg"):
        assert files.find(name, None)
    assert files._kept.currsize <= 100


def test_links_and_source_maps_are_not_served(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "assets" / "link").symlink_to(tmp_path)
    (folder / f"{SCRIPT}.map").write_text("{}")
    files = ConsoleFiles(folder)
    found = files.find("link.txt", None)
    assert found
    assert found.name == "index.html"
    assert files.find("assets/link/secret.txt", None) is None
    assert files.find(f"{SCRIPT}.map", None) is None
