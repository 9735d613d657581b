"""How the checks are printed: for a terminal of any width, for a pipeline, and for a reader that has seen enough."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, TextIO, cast

import pytest

from tests.cli.app import App, environment, problem
from tests.tools.smoke.world import World, run
from tools.smoke import canary, report
from tools.smoke import run as order
from tools.smoke.__main__ import main
from tools.smoke.report import Report, lines
from tools.smoke.results import Check, failed, passed, warned

LONG = failed(
    "pool office",
    "rights: the app's identity lacks the right Microsoft.Compute/virtualMachines/reimage/action on its resource group",
    "give it the role",
)


class Terminal:
    """A stdout that is a terminal."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


@pytest.mark.parametrize("width", [40, 50, 80, 200])
def test_lines_fit_the_terminal_and_names_stay_whole(width: int) -> None:
    found = list(lines(LONG, width=width))
    too_long = [line for line in found if len(line) > width]
    assert all(line.split() == ["Microsoft.Compute/virtualMachines/reimage/action"] for line in too_long)
    assert " ".join(" ".join(found).split()) == " ".join(" ".join(lines(LONG)).split())
    assert all(line.startswith("      ") for line in found[1:])


def test_without_a_terminal_each_check_is_one_line_and_its_advice_another() -> None:
    assert len(list(lines(LONG))) == 2
    assert len(list(lines(LONG, width=10))) == 2
    assert len(list(lines(passed("clock", "0 s apart")))) == 1


@pytest.mark.parametrize(
    ("name", "value", "colored"),
    [("OTHER", "1", True), ("NO_COLOR", "1", False), ("TERM", "dumb", False), ("NO_COLOR", "", True)],
)
def test_colors_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, colored: bool
) -> None:
    for variable in ("NO_COLOR", "TERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, value)
    with redirect_stdout(cast(TextIO, terminal := Terminal())):
        Report("https://a.example").add(warned("clock", "20 s apart", "set it"))
    assert ("\033[33mwarn\033[0m  clock" in terminal.text) is colored
    assert ("\033" in terminal.text) is colored


def test_a_narrow_terminal_gets_lines_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(cast(TextIO, terminal := Terminal())):
        Report("https://a.example").add(warned("clock", "20 s apart from this machine's", "set its clock. " * 9))
    assert max(map(len, terminal.text.splitlines())) <= 50


def test_lines_for_a_file_are_not_broken(app: App, world: World, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    world.me["name"] = "x" * 100 + " y" * 100
    assert f"pass  me: {world.me['name']} may read, plan; all accounts\n" in run(app, capsys)[1]


def test_no_colors_without_a_terminal(app: App, capsys: Any) -> None:
    assert "\033" not in run(app, capsys)[1]


def test_for_a_pipeline_stdout_is_one_document(
    app: App, world: World, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def update(*_: object, **__: object) -> Check:
        report.Report("x", as_json=True).say("rollout r-1 begins")
        return warned("canary lab-0", "it waits for a person", "freshcoat approve r-1")

    monkeypatch.setattr(order, "update_one", update)
    world.plan = lambda _: problem(422, "preflight-failed", "Refused", "no")
    code = run_json(app, "--pool", "office", "--host", "lab-0", "--version", "2.0.0")
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert code == 1
    assert (told["url"], told["interrupted"], told["counts"]["fail"]) == (app.url, False, 1)
    assert sum(told["counts"].values()) == len(told["checks"])
    (bad,) = [check for check in told["checks"] if check["grade"] == "fail"]
    assert bad["name"] == "pool office"
    assert bad["what_to_do"]
    assert set(bad) == {"name", "grade", "detail", "what_to_do"}
    assert "rollout r-1 begins" in err


def test_for_a_pipeline_an_interruption_is_said_with_what_became_of_the_rollout(
    app: App, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def update(*_: object, **__: object) -> Check:
        raise canary.Stopped(failed("canary lab-0", "its rollout was cancelled", "freshcoat watch r-1"))

    monkeypatch.setattr(order, "update_one", update)
    assert run_json(app, "--pool", "office", "--host", "lab-0", "--version", "2.0.0") == 130
    told = json.loads(capsys.readouterr().out)
    assert told["interrupted"] is True
    assert told["checks"][-1]["what_to_do"] == "freshcoat watch r-1"


def run_json(app: App, *more: str) -> int:
    return main(["--url", app.url, "--json", *more])


def test_a_reader_that_has_seen_enough_is_no_error(app: App, tmp_path: Path) -> None:
    """`make smoke | head -1`"""
    call = [sys.executable, "-m", "tools.smoke", "--url", app.url, "--checklist"]
    variables = environment(tmp_path, FRESHCOAT_KEY="fck_test")
    variables["PYTHONPATH"] += f":{Path(__file__).parents[3]}"
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables, text=True) as ran:  # noqa: S603 - our own
        assert ran.stdout and ran.stderr
        assert ran.stdout.readline().startswith("pass  reachable")
        ran.stdout.close()
        assert ran.stderr.read() == ""
        assert ran.wait(60) == 1
