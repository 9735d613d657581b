"""`freshcoat watch` as a process: in a terminal, in a pipe, with an app that is slow, busy or gone."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.app import LONGEST, Asked, Says, environment, problem, run, serving
from tests.cli.terminal import terminal
from tests.cli.watch.office import Office
from tests.cli.watch.samples import ID


@pytest.mark.parametrize("size", [(24, 80), (50, 200), (12, 60)])
def test_it_fits_the_terminal_and_leaves_the_last_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    office = Office()
    with serving(office) as app, terminal(tmp_path, "watch", "office", "--url", app.url, size=size) as child:
        child.expect("Ctrl-C leaves it running")
        office.end()
        child.expect("succeeded, 59 of 59 hosts")
        assert child.end() == 0
        *lines, last = [line for line in re.split(r"[\r\n]+", child.text) if line]
        assert all(len(line) <= size[1] for line in lines), max(lines, key=len)
        assert last == "✔ office  win11-office 1.0.0 → 2.0.0: succeeded, 59 of 59 hosts."
        assert "\x1b[?1049h" not in child.raw, "not the other screen: the end stays in the scroll-back"
        assert child.raw.count("\x1b[?25l") == child.raw.count("\x1b[?25h"), "the cursor is back"


def test_ctrl_c_leaves_it_running(tmp_path: Path) -> None:
    with serving(Office()) as app, terminal(tmp_path, "watch", "office", "--url", app.url) as child:
        child.expect("Ctrl-C leaves it running")
        child.interrupt()
        child.expect(f"Rollout {ID} goes on: freshcoat watch office")
        assert child.end() == 130
        assert {one.method for one in app.asked} == {"GET"}
        assert child.raw.count("\x1b[?25h") == 1


def test_being_terminated_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with serving(Office()) as app, terminal(tmp_path, "watch", "office", "--url", app.url) as child:
        child.expect("Ctrl-C leaves it running")
        child.terminate()
        assert child.end() == 143
        assert child.raw.count("\x1b[?25h") == 1


def test_no_color_has_none(tmp_path: Path) -> None:
    office = Office()
    with serving(office) as app, terminal(tmp_path, "watch", "office", "--url", app.url, NO_COLOR="1") as child:
        child.expect("Ctrl-C leaves it running")
        office.end("failed")
        assert child.end() == 8
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", child.raw)


def test_a_pipe_gets_lines_and_no_escape_sequences(tmp_path: Path) -> None:
    office = Office()
    office.end("cancelled")
    with serving(office) as app:
        ran = run(tmp_path, "watch", ID, "--url", app.url)
        assert ran.code == 8
        assert ran.out.splitlines()[0] == f"Rollout {ID}: office  win11-office 1.0.0 → 2.0.0 (times: Europe/Amsterdam)"
        assert ran.out.splitlines()[-1] == "✘ office  win11-office 1.0.0 → 2.0.0: cancelled."
        assert "\x1b" not in ran.out
        assert ran.err == ""
        assert run(tmp_path, "watch", ID, "--url", app.url, "--ascii").out.isascii()


def test_programs_get_json(tmp_path: Path) -> None:
    office = Office()
    office.end()
    with serving(office) as app:
        lines = [
            json.loads(line) for line in run(tmp_path, "watch", ID, "--url", app.url, "-o", "jsonl").out.splitlines()
        ]
        assert [one["complete"] for one in lines] == [False, True]
        assert len(lines[0]["changed_hosts"]) == 2
        assert run(tmp_path, "watch", ID, "--url", app.url, "-o", "json").json["state"] == "succeeded"
        assert run(tmp_path, "watch", ID, "--url", app.url, "-q").out == f"{ID}\n"


@pytest.mark.parametrize(
    ("what", "view", "more", "code", "says"),
    [
        ("office", {"state": "paused"}, ["--stop-when-waiting"], 9, f"To go on: freshcoat resume {ID}"),
        ("office", {"state": "awaiting_approval"}, ["--stop-when-waiting"], 9, f"To go on: freshcoat approve {ID}"),
        ("office", {}, ["--timeout", "6"], 124, f"It goes on: freshcoat watch {ID}"),
        ("8204682217094-6bd4", {}, ["--stop-when-waiting"], 9, "waits for a person"),
        ("lab", {}, [], 5, "No rollout is open on pool lab"),
        ("8204682217094-0000", {}, [], 5, "Not found"),
    ],
)
def test_exit_codes(tmp_path: Path, what: str, view: dict[str, Any], more: list[str], code: int, says: str) -> None:
    with serving(Office(**view)) as app:
        ran = run(tmp_path, "watch", what, "--url", app.url, *more)
        assert (ran.code, says in ran.out + ran.err) == (code, True), ran


def test_a_pool_without_an_open_rollout_names_the_last_one(tmp_path: Path) -> None:
    office = Office()
    office.end()
    with serving(office) as app:
        ran = run(tmp_path, "watch", "office", "--url", app.url)
        assert ran.code == 5
        assert f"freshcoat watch {ID}" in ran.err


def test_an_app_that_is_gone_at_first_is_7(tmp_path: Path) -> None:
    assert run(tmp_path, "watch", ID, "--url", "http://127.0.0.1:1").code == 7


def test_an_app_that_is_gone_for_a_while_is_waited_for(tmp_path: Path) -> None:
    office = Office()
    with serving(office) as app, terminal(tmp_path, "watch", "office", "--url", app.url) as child:
        child.expect("Ctrl-C leaves it running")
        office.instead = Says(503, {"title": "Starting"}, {"Retry-After": "0"})
        child.expect("no answer for")
        office.instead = None
        office.end()
        assert child.end() == 0


def test_a_slow_app_does_not_stop_the_clock_on_the_screen(tmp_path: Path) -> None:
    office = Office()
    with serving(office) as app, terminal(tmp_path, "watch", "office", "--url", app.url) as child:
        child.expect("Ctrl-C leaves it running")
        office.instead = Says(body=office.view, late=25)
        child.match(r"[4-9] s ago")
        child.match(r"1\d s ago")


def test_a_sign_in_that_is_over_ends_it(tmp_path: Path) -> None:
    office = Office()
    with serving(office) as app, terminal(tmp_path, "watch", "office", "--url", app.url) as child:
        child.expect("Ctrl-C leaves it running")
        office.instead = problem(401, "unauthorized", "Not signed in")
        assert child.end() == 4
        assert "Not signed in" in child.text


def test_a_reader_that_has_seen_enough_ends_it_without_a_trace(tmp_path: Path) -> None:
    office, tried = Office(), itertools.count(1)

    def answer(asked: Asked) -> Says:
        office.view = office.view | {"percent": next(tried)}
        return office(asked)

    with serving(answer) as app:
        piped = subprocess.run(  # noqa: S602 - a pipe of the shell is what is tested
            f"{sys.executable} -m freshcoat_cli watch {ID} -o jsonl --url {app.url} | head -1",
            shell=True,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=True,
        )
        assert json.loads(piped.stdout)["complete"] is False
        assert piped.stderr == ""
