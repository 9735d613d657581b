"""Which browser the tests and the pictures use."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.browser import NoBrowser, find_chromium


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_chosen_one_comes_first(tmp_path: Path) -> None:
    chosen = program(tmp_path / "mine")
    program(tmp_path / "bin/chromium")
    assert find_chromium({"FRESHCOAT_CHROMIUM": str(chosen), "PATH": str(tmp_path / "bin")}) == chosen


def test_a_chosen_one_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match=r"FRESHCOAT_CHROMIUM names .*/gone, which cannot be run"):
        find_chromium({"FRESHCOAT_CHROMIUM": str(tmp_path / "gone"), "PATH": ""})


def test_an_installed_one_comes_before_a_downloaded_one(tmp_path: Path) -> None:
    downloaded = program(tmp_path / "kept/chromium-1/chrome-linux/chrome")
    environment = {"PATH": str(tmp_path / "bin"), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "kept")}
    assert find_chromium(environment) == downloaded
    chrome = program(tmp_path / "bin/google-chrome")
    assert find_chromium(environment) == chrome
    chromium = program(tmp_path / "bin/chromium")
    assert find_chromium(environment) == chromium


def test_without_any_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match=r"sh local/setup\.sh chromium.*FRESHCOAT_CHROMIUM"):
        find_chromium({"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)})
