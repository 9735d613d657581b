"""docs/cli.md names every command and every variable, and every command says what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from freshcoat_cli.main import app
from tests.cli.app import ROOT

PAGE = (ROOT / "docs/cli.md").read_text()


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from commands(found, f"{before}{name} ")
        yield f"{before}{name}", found


COMMANDS = dict(commands(get_command(app)))


def test_there_are_all_commands() -> None:
    assert len(COMMANDS) > 55
    assert isinstance(app, typer.Typer)


def test_every_command_is_in_the_manual() -> None:
    page = set(re.findall(r"[a-z-]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE)) + PAGE))
    assert [name for name in COMMANDS if not set(name.split()) <= page] == []


def test_every_command_and_every_option_says_what_it_does() -> None:
    silent = [name for name, found in COMMANDS.items() if not found.help]
    for name, found in COMMANDS.items():
        silent += [f"{name} {one.name}" for one in found.params if one.name != "help" and not getattr(one, "help", "")]
    assert silent == []


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_of_every_command_has_words_in_place_of_types(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    assert "Usage:" in shown
    assert not re.search(r"<\w|\[x|>=|<=|\{|_or_|list\[", shown), shown


def test_switches_take_no_value_in_the_help_and_arguments_are_in_capitals() -> None:
    shown = CliRunner().invoke(app, ["update-image", "--help"], env={"COLUMNS": "100", "TERM": "dumb"}).output
    assert "[OPTIONS] POOL VERSION" in shown
    assert re.search(r"--now +Now:", shown)
    assert re.search(r"--sign-out +NUMBER ", shown)
    assert re.search(r"--output +-o +table\|json\|jsonl ", shown)


def test_every_command_takes_the_common_options() -> None:
    for name, found in COMMANDS.items():
        taken = {option for one in found.params for option in one.opts}
        if not hasattr(found, "commands") or found.invoke_without_command:
            assert {"--output", "-q", "--profile", "--url", "--timeout", "--no-color", "--utc"} <= taken, name


def test_no_option_takes_a_secret() -> None:
    """It would show in the list of processes."""
    taken = {option for found in COMMANDS.values() for one in found.params for option in one.opts}
    assert not {"--password", "--secret", "--token", "--app-key"} & taken
    (key,) = [one for one in COMMANDS["login"].params if one.name == "key"]
    assert key.is_flag


def test_every_variable_is_in_the_manual() -> None:
    source = "".join(path.read_text() for path in (ROOT / "cli/freshcoat_cli").rglob("*.py"))
    read = set(re.findall(r'"(FRESHCOAT_[A-Z_]+)"', source)) - {"FRESHCOAT_DEV_NAME", "FRESHCOAT_DEV_ROLE"}
    assert read - set(re.findall(r"FRESHCOAT_[A-Z_]+", PAGE)) <= {"FRESHCOAT_DEV_ACCOUNTS"}


def help_of(command: str) -> str:
    shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    return " ".join(shown.replace("│", " ").split())


def test_the_help_says_what_is_taken_and_what_a_profile_is_called() -> None:
    assert "The id of a rollout or a promotion, or the pool on which a rollout is open." in help_of("reschedule")
    assert "Default: the app's environment, such as production, or its host." in help_of("login")
