"""What people see in a terminal: it fits, has colours only where they are wanted, and asks before it acts."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.app import ABOUT, Asked, Says, run, serving
from tests.cli.terminal import terminal
from tests.cli.test_publishing import UPDATE, Publishing, plan

ROLLOUT = {"version": "2.0.0", "percent": 40, "state": "running"}
POOL = {
    "name": "a-pool-with-a-rather-long-name",
    "ring": "production",
    "image": "win11-office",
    "version": "1.0.0",
    "running_rollout": ROLLOUT,
    "hosts": 24,
    "hosts_per_version": {"1.0.0": 14, "2.0.0": 10},
    "sessions": 38,
    "seen_at": "2026-11-30T12:00:00Z",
    "problem": "",
}


def pools(asked: Asked) -> Says:
    return Says(body=ABOUT if asked.path.endswith("/about") else {"items": [POOL] * 5, "continuation": None})


@pytest.mark.parametrize("size", [(24, 80), (24, 40), (50, 200)])
def test_a_list_is_never_wider_than_the_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    with serving(pools) as app, terminal(tmp_path, "pools", "--url", app.url, size=size) as shown:
        assert shown.end() == 0
        lines = shown.text.replace("\r", "").split("\n")
    assert max(map(cell_len, lines)) <= size[1]
    assert any("10/24" in line for line in lines)
    assert any("40 %" in line for line in lines) or size[1] == 40


def test_colours_are_left_out_where_nobody_wants_them(tmp_path: Path) -> None:
    with serving(pools) as app:
        with terminal(tmp_path, "pools", "--url", app.url) as shown:
            assert shown.end() == 0
            assert "\x1b[" in shown.raw
        with terminal(tmp_path, "pools", "--url", app.url, NO_COLOR="1") as plain:
            assert plain.end() == 0
            assert "\x1b[" not in plain.raw
        with terminal(tmp_path, "pools", "--no-color", "--url", app.url) as plain:
            assert plain.end() == 0
            assert "\x1b[" not in plain.raw
        assert "\x1b[" not in run(tmp_path, "pools", "--url", app.url).out


def test_ascii_is_ascii(tmp_path: Path) -> None:
    with serving(pools) as app:
        ran = run(tmp_path, "pools", "--ascii", "--url", app.url)
        assert (ran.code, ran.out.isascii()) == (0, True)
        old = run(tmp_path, "pools", "--url", app.url, PYTHONIOENCODING="ascii")
        assert (old.code, old.out.isascii()) == (0, True)


def test_people_who_are_signed_out_soon_are_agreed_to_by_the_pools_name(tmp_path: Path) -> None:
    with serving(app := Publishing(plan(hours=0.5))) as at:
        with terminal(tmp_path, *UPDATE, "--now", "--url", at.url) as shown:
            shown.expect("This signs out 38 people soon.")
            shown.expect("Type office to go on:")
            shown.type("y\n")
            assert shown.end() == 3
        assert app.begun == []
        with terminal(tmp_path, *UPDATE, "--now", "--url", at.url) as shown:
            shown.expect("Type office to go on:")
            shown.type("office\n")
            assert shown.end() == 0
    (body,) = app.begun
    assert (body["plan"], body["sign_outs"]) == ("a" * 16, 38)


def test_ctrl_c_at_a_question_begins_nothing(tmp_path: Path) -> None:
    with (
        serving(app := Publishing(plan())) as at,
        terminal(tmp_path, *UPDATE, "--on-logoff", "+5h", "--url", at.url) as shown,
    ):
        shown.expect("[y/N]:")
        shown.interrupt()
        assert shown.end() == 130
    assert app.begun == []


def test_a_terminal_shows_a_failed_check_once(tmp_path: Path) -> None:
    failing = {"check": "version", "result": "fail", "detail": "no such version", "what_to_do": "Choose another."}
    with (
        serving(Publishing(plan(can_start=False, preflight=[failing]))) as at,
        terminal(tmp_path, "plan", "office", "2.0.0", "--url", at.url) as shown,
    ):
        assert shown.end() == 3
    assert shown.text.count("no such version") == 1
    assert "A check failed, so it cannot start" in shown.text
