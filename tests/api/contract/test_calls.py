"""The page of calls: every operation with curl, `az rest` and `freshcoat`, and each line does what it says."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from freshcoat_cli.main import app
from tests.cli.app import Asked, Says, problem, serving
from tools.openapi import CALLS
from tools.openapi_calls import az_rest, body_of, curl, filled, operations, page
from tools.openapi_commands import COMMANDS
from triggers.http.contract import ENDPOINTS, Endpoint
from triggers.http.openapi import document
from triggers.http.openapi.examples import examples

OPERATIONS = [pytest.param(*one, id=one[2]["operationId"]) for one in operations(document())]
EACH = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)


def test_the_committed_page_is_what_the_document_says() -> None:
    assert CALLS.read_text() == page(document()), "run `make openapi`"


@EACH
def test_every_operation_is_on_the_page(method: str, path: str, operation: dict[str, Any]) -> None:
    section = CALLS.read_text().partition(f"\n### `{method} {path}`\n")[2].partition("\n### ")[0]
    assert [line[3:-1] for line in section.splitlines() if line.startswith("- `")][:2] == [
        tool(method, "$B" + filled(path, operation).removeprefix("/api"), body_of(operation))
        for tool in (curl, az_rest)
    ]


@EACH
def test_both_send_the_request_of_the_example(method: str, path: str, operation: dict[str, Any]) -> None:
    body = body_of(operation)
    sent = shlex.split(curl(method, "$B/x", body))
    assert sent[:2] == ["curl", "-s"]
    told = sent[sent.index("-X") + 1] if "-X" in sent else "POST" if "--json" in sent else "GET"
    assert told == method
    rest = shlex.split(az_rest(method, "$B/x", body))
    assert rest[rest.index("--method") + 1] == method.lower()
    for line, option in ((sent, "--json"), (rest, "--body")):
        given = json.loads(line[line.index(option) + 1]) if option in line else None
        assert given == examples()[operation["operationId"]].get("request")


def found(asked: Asked) -> Endpoint:
    """The operation of a request."""
    bare = asked.path.partition("?")[0]
    wanted = [one for one in ENDPOINTS if one.method == asked.method]
    return next(one for one in wanted if re.fullmatch(re.sub(r"{\w+}", "[^/]+", f"/api/{one.path}"), bare))


def answer(asked: Asked) -> Says:
    """The example of the contract for a request. An id has one kind, as in the app."""
    one, path = found(asked), asked.path.removeprefix("/api/").split("/")
    kinds = {name: kind for kind, name in IDS.items()}
    if len(path) > 1 and kinds.get(path[1].partition("?")[0], path[0]) != path[0]:
        return problem(404, "not-found", "Not found")
    answers = examples()[one.name].get("answers", {})
    status = "200" if "what_if=true" in asked.path else str(one.status)
    return Says(int(status), answers.get(status))


IDS = {
    "rollouts": "8204680874794-4bd9",
    "tasks": "8204680874795-4bd9",
    "promotions": "8204680874796-4bd9",
}
"""The ids of the page, by what they are of."""


@pytest.mark.parametrize("operation", COMMANDS)
def test_the_command_makes_the_call(operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *arguments = shlex.split(on_other_days(COMMANDS[operation], datetime.now(UTC).weekday()))
    assert name == "freshcoat"
    monkeypatch.setenv("FRESHCOAT_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("FRESHCOAT_NO_KEYRING", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "printers.ps1").write_text("exit 0")
    with serving(answer) as server:
        try:
            app([*arguments, *agreeing(operation), "--url", server.url], prog_name="freshcoat", standalone_mode=False)
        except SystemExit as end:
            assert end.code in {0, None, TIMED_OUT}
        writes = [one for one in server.asked if "what_if=true" not in one.path]
    assert operation in [found(one).name for one in writes], [one.path for one in writes]


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def on_other_days(command: str, today: int) -> str:
    """A command whose weekdays are two to six days ahead, wherever it is `today`: on the day itself one is refused."""

    def ahead(found: re.Match[str]) -> str:
        return f"{DAYS[(DAYS.index(found[1]) + today + 2) % 7]} "

    assert not re.search(r"\b(sat|sun) \d", command), "these would be today or tomorrow"
    return re.sub(r"\b(mon|tue|wed|thu|fri) (?=\d)", ahead, command)


@pytest.mark.parametrize("today", range(7))
def test_weekdays_of_commands_are_ahead_in_their_order(today: int) -> None:
    moved = on_other_days('--at "tue 22:00" --pools-on-logoff "wed 04:00"', today)
    days = [(DAYS.index(day) - today) % 7 for day in re.findall(r'"(\w{3}) ', moved)]
    assert days == [3, 4]


def agreeing(operation: str) -> list[str]:
    """What a script says in place of a person: yes, how many people may be signed out, and how long it waits."""
    one = next(one for one in ENDPOINTS if one.name == operation)
    if "watch" in COMMANDS[operation]:
        return ["--timeout", "3"]
    if one.method == "GET":
        return []
    return ["--yes", "--sign-out", "99"] if one.answers_what_if and operation not in NOBODY else ["--yes"]


TIMED_OUT = 124
"""The exit code of a command that goes on until something ends."""
NOBODY = {"post_set_as_image", "post_promotion"}
"""Operations with a plan that signs out nobody at once."""
