"""A page that does not do as it shows fails, and says where; its shell is the reader's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Block, Command
from tests.docs.running import check
from tests.docs.shell import Ran, Shell
from tests.docs.shown import Comparison

PAGE = Block("docs/page.md", 10, "sh", ())
SHOWN = Command(12, "curl x", 200, '{"state":"running",…}')


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Shell(tmp_path, {"GIVEN": "to the shell"}) as started:
        yield started


def test_a_command_with_the_shown_answer_passes() -> None:
    check(Comparison(), PAGE, SHOWN, Ran(0, '{"state": "running", "percent": 1}', 200))
    check(Comparison(), PAGE, Command(12, "curl x", 204), Ran(0, "", 204))
    check(Comparison(), PAGE, Command(12, "echo x"), Ran(0, "x", 0))


@pytest.mark.parametrize(
    ("command", "ran", "why"),
    [
        (SHOWN, Ran(0, '{"state": "paused"}', 200), "answer.state: shown is 'running'"),
        (SHOWN, Ran(0, '{"status": "running"}', 200), "a member 'state'"),
        (SHOWN, Ran(0, '{"state": "running"}', 202), "is answered 202, not 200"),
        (SHOWN, Ran(0, "", 200), "shown is an object"),
        (SHOWN, Ran(0, "curl: (7)", 200), "no JSON"),
        (SHOWN, Ran(7, '{"state": "running"}', 200), "exit code 7"),
        (Command(12, "curl x"), Ran(0, "{}", 409), "is answered 409, and no answer is shown"),
        (Command(12, "false"), Ran(1, "", 0), "exit code 1"),
    ],
)
def test_a_command_with_another_answer_fails_and_is_named(command: Command, ran: Ran, why: str) -> None:
    with pytest.raises(AssertionError) as raised:
        check(Comparison(), PAGE, command, ran)
    assert "docs/page.md:12: " in str(raised.value)
    assert why in str(raised.value)


def test_a_variable_set_by_a_command_is_known_to_the_next_one(shell: Shell) -> None:
    assert shell.run('A=$GIVEN; f() { echo "f: $A"; }') == Ran(0, "", 0)
    assert shell.run("f; echo wrong >&2; (exit 3)") == Ran(3, "f: to the shell\nwrong\n", 0)


def test_an_id_is_kept_and_its_answer_is_shown(shell: Shell) -> None:
    shell.run(". docs/commands.sh")
    ran = shell.run("""R=$(echo '{"id":"8204693463134-636d","pools":[{"id":"2"}]}' | id_of)""")
    assert ran == Ran(0, '{"id":"8204693463134-636d","pools":[{"id":"2"}]}\n', 0)
    assert shell.run("echo $R").output == "8204693463134-636d\n"


RUNNING = '{"id":"1","state":"running","note":{"code":"canary_passed"},"pools":[{"state":"succeeded"}]}'


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ('{"id":"1","state":"succeeded","pools":[{"state":"running"}]}', 0, ""),
        ('{"id":"1","state":"failed"}', 1, "rollouts/1 is failed, not succeeded\n"),
        ('{"status":500}', 1, 'rollouts/1 is not readable: {"status":500}, not succeeded\n'),
    ],
)
def test_waiting_ends_at_the_state_and_at_any_other_end(shell: Shell, answer: str, code: int, said: str) -> None:
    shell.run(f". docs/commands.sh; curl() {{ echo '{answer}'; }}")
    assert shell.run("wait_for rollouts/1 succeeded") == Ran(code, said, 0)


def test_waiting_for_a_message_ends_at_its_code_and_not_at_a_nested_state(shell: Shell) -> None:
    shell.run(f". docs/commands.sh; curl() {{ echo '{RUNNING}'; }}")
    assert shell.run("wait_for rollouts/1 canary_passed") == Ran(0, "", 0)
    assert shell.run("seq() { echo 1; }; sleep() { :; }; wait_for rollouts/1 succeeded || echo $?").output == (
        "rollouts/1 is running, not succeeded\n1\n"
    )
