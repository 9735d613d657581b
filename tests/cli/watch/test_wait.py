"""`--wait`: a write that is followed to its end, and the exit code that says whether it ended as it should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.app import Asked, Says, problem, serving
from tests.cli.app import run_here as run
from tests.cli.test_publishing import plan
from tests.cli.watch.office import Office, soon
from tests.cli.watch.samples import ID

ENDED = {"ended_at": soon(0), "next": None, "counts": {"done": 59}, "failed": 0}


def office_that_ends(end: str, **view: object) -> Office:
    """Its rollout ends so, as soon as somebody gives a command."""
    office = Office(**view)
    office.after = {**ENDED, "state": end}
    return office


@pytest.mark.parametrize(
    ("command", "state", "code"),
    [
        (["resume", "office"], "succeeded", 0),
        (["approve", ID], "failed", 8),
        (["cancel", "office", "--yes"], "cancelled", 0),
        (["cancel", "office", "--yes", "--take-back"], "rolled_back", 0),
        (["cancel", "office", "--yes"], "failed", 8),
    ],
)
def test_a_command_that_waits_ends_as_what_it_wanted(tmp_path: Path, command: list[str], state: str, code: int) -> None:
    with serving(office_that_ends(state)) as app:
        ran = run(tmp_path, *command, "--wait", "--url", app.url)
        assert ran.code == code, ran
        assert ran.out.startswith(f"✔ rollout {ID} is ")
        assert f": {state.replace('_', ' ')}" in ran.out.splitlines()[-1]


def test_what_goes_back_is_to_end_as_rolled_back(tmp_path: Path) -> None:
    office = office_that_ends("rolled_back", state="paused", rolling_back=True)
    with serving(office) as app:
        assert run(tmp_path, "resume", "office", "--wait", "--url", app.url).code == 0


def test_a_program_gets_one_document(tmp_path: Path) -> None:
    with serving(office_that_ends("succeeded")) as app:
        ran = run(tmp_path, "resume", "office", "--wait", "-o", "json", "--url", app.url)
        assert (ran.code, ran.json["state"], ran.err) == (0, "succeeded", "")
    with serving(office_that_ends("succeeded")) as app:
        lines = run(tmp_path, "resume", "office", "--wait", "-o", "jsonl", "--url", app.url).out.splitlines()
        assert json.loads(lines[-1])["exit_code"] == 0


BEGIN = [["resume", "office"], ["update-image", "office", "2.0.0", "--on-logoff", "+5h", "--yes"]]


@pytest.mark.parametrize("command", BEGIN)
def test_the_id_is_printed_once_and_before_it_is_followed(tmp_path: Path, command: list[str]) -> None:
    office = office_that_ends("succeeded")
    with serving(lambda asked: planned(office, asked)) as app:
        ran = run(tmp_path, *command, "--wait", "-q", "--url", app.url)
        assert (ran.code, ran.out) == (0, f"{ID}\n"), ran


@pytest.mark.parametrize("command", BEGIN)
@pytest.mark.parametrize("form", [["-q"], ["-o", "json"], ["-o", "jsonl"], []])
def test_what_cannot_be_followed_is_named_all_the_same(tmp_path: Path, command: list[str], form: list[str]) -> None:
    """The rollout has begun; then the app answers no more."""
    office, begun = Office(), list[str]()

    def answer(asked: Asked) -> Says:
        if begun:
            return problem(403, "not-allowed", "Not allowed")
        says = planned(office, asked)
        begun.extend([asked.path] if says.status == 202 else [])
        return says

    with serving(answer) as app:
        ran = run(tmp_path, *command, "--wait", *form, "--url", app.url)
    assert ran.code == 4, ran
    if form == ["-q"]:
        assert ran.out == f"{ID}\n"
    if form and form[0] == "-o":
        assert json.loads(ran.err)["begun"] == ID
    else:
        assert f"It goes on: freshcoat watch {ID}" in ran.err


def planned(office: Office, asked: Asked) -> Says:
    """The office, which has a plan for an update, too."""
    if asked.path.endswith("/pools/office"):
        return Says(body={"name": "office", "time_zone": "Europe/Amsterdam"})
    return Says(body=plan()) if "what_if=true" in asked.path else office(asked)


def test_what_is_paused_is_not_waited_for(tmp_path: Path) -> None:
    with serving(Office()) as app:
        ran = run(tmp_path, "pause", "office", "--wait", "--url", app.url)
        assert (ran.code, "--wait" in ran.err) == (2, True)


def test_a_promotion_cannot_be_waited_for(tmp_path: Path) -> None:
    with serving(Office()) as app:
        ran = run(tmp_path, "promote", "win11-office", "--at", "tomorrow 06:00", "--wait", "--yes", "--url", app.url)
        assert (ran.code, "--wait" in ran.err) == (2, True)
