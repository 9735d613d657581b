"""What a path below /console/ names."""

from __future__ import annotations

import pytest

from shared.console.names import cache_rule, named_file, type_of

NAMES = {"index.html", "favicon.svg", "assets/index-Ab3_-xY9.js"}


@pytest.mark.parametrize("path", ["favicon.svg", "assets/index-Ab3_-xY9.js", "index.html"])
def test_a_file_that_is_there_is_found_by_its_name(path: str) -> None:
    assert named_file(path, NAMES) == path


@pytest.mark.parametrize(
    "path", ["", "pools", "pools/office/update-image", "rollouts/82-ab", "pools/win.11", "FAVICON.SVG"]
)
def test_every_page_of_the_console_is_the_first_page(path: str) -> None:
    assert named_file(path, NAMES) == "index.html"


@pytest.mark.parametrize("path", ["assets/", "assets/gone-12345678.js", "assets/index-Ab3_-xY9.js.br"])
def test_a_missing_asset_is_no_page(path: str) -> None:
    assert named_file(path, NAMES) is None


@pytest.mark.parametrize(
    "path",
    [
        "../host.json",
        "pools/../../host.json",
        "assets/../index.html",
        "./index.html",
        "..",
        ".git/config",
        "/etc/passwd",
        "//etc/passwd",
        "pools//office",
        "..\\host.json",
        "pools/..%2fhost.json",
        "%2e%2e/host.json",
        "index.html\0.js",
        "pools\n",
    ],
)
def test_tricks_with_paths_name_nothing(path: str) -> None:
    assert named_file(path, NAMES) is None


def test_without_a_first_page_only_files_are_found() -> None:
    assert named_file("pools", {"favicon.svg"}) is None


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("index.html", "no-cache"),
        ("favicon.svg", "no-cache"),
        ("assets/logo.svg", "no-cache"),
        ("assets/index-Ab3_-xY9.js", "public, max-age=31536000, immutable"),
        ("other/index-Ab3_-xY9.js", "no-cache"),
    ],
)
def test_only_a_name_with_a_hash_is_kept_by_browsers(name: str, rule: str) -> None:
    assert cache_rule(name) == rule


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a/b.js", "text/javascript"), ("x.css", "text/css"), ("x.js.map", None), ("x.js.br", None), ("LICENSE", None)],
)
def test_the_type_follows_from_the_end_of_the_name(name: str, kind: str | None) -> None:
    assert type_of(name) == kind
