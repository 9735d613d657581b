"""`--wait`: a write that is followed to its end, and the exit code that says whether it ended as it should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.app import run, serving
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


def test_what_is_paused_is_not_waited_for(tmp_path: Path) -> None:
    with serving(Office()) as app:
        ran = run(tmp_path, "pause", "office", "--wait", "--url", app.url)
        assert (ran.code, "--wait" in ran.err) == (2, True)


def test_a_promotion_cannot_be_waited_for(tmp_path: Path) -> None:
    with serving(Office()) as app:
        ran = run(tmp_path, "promote", "win11-office", "--at", "tomorrow 06:00", "--wait", "--yes", "--url", app.url)
        assert (ran.code, "--wait" in ran.err) == (2, True)
