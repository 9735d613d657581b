"""The script of the pipelines with a command line that only writes down its calls: sign-in, waits, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.app import Says, serving
from tests.examples.test_pipelines import SCRIPT

STUB = """#!/bin/sh
printf '%s\\n' "$*" >> "$STUB/calls"
cat "${AZURE_FEDERATED_TOKEN_FILE:-/dev/null}" >> "$STUB/tokens"
n=$(grep -c "^$1" "$STUB/calls")
exit "$(sed -n "${n}p" "$STUB/$1" 2>/dev/null || echo 0)"
"""


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    command = tmp_path / "freshcoat"
    command.write_text(STUB)
    command.chmod(0o755)
    return tmp_path


def run(stub: Path, step: str, **variables: str) -> subprocess.CompletedProcess[str]:
    given = {"FRESHCOAT_URL": "https://freshcoat.contoso.com", "IMAGE": "desktop", "RUN": "r1", "STUB": str(stub)}
    path = f"{stub}:{Path(sys.executable).parent}:/usr/bin:/bin"
    return subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", str(SCRIPT), step],
        env={"PATH": path, "RUNNER_TEMP": str(stub), "TEST_POOL": "lab", **given, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def calls(stub: Path) -> list[str]:
    return (stub / "calls").read_text().splitlines()


def test_each_call_in_github_has_a_new_token_that_is_in_no_command_line(stub: Path) -> None:
    made = iter(range(100))
    with serving(lambda _: Says(body={"value": f"token-{next(made)} "})) as github:
        ask = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/token?api-version=2.0"}
        ran = run(stub, "build", VERSION="5.0.0", ACTIONS_ID_TOKEN_REQUEST_TOKEN="of-the-job", **ask)
    assert ran.returncode == 0, ran.stderr
    assert calls(stub) == ["whoami", "stage desktop 5.0.0 --notes  --idempotency-key r1-stage"]
    assert (stub / "tokens").read_text().split() == ["token-0", "token-1"]
    assert [one.path for one in github.asked] == ["/token?api-version=2.0&audience=api://AzureADTokenExchange"] * 2
    assert {one.headers["authorization"] for one in github.asked} == {"bearer of-the-job"}
    assert ((stub / "freshcoat-token").stat().st_mode & 0o777) == 0o600


def test_without_a_token_nothing_is_called(stub: Path) -> None:
    with serving(lambda _: Says(403)) as github:
        ask = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/token?a=b", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}
        ran = run(stub, "build", VERSION="5.0.0", **ask)
    assert ran.returncode == 4
    assert "Not signed in" in ran.stderr
    assert not (stub / "calls").exists()


def test_an_app_key_needs_no_token(stub: Path) -> None:
    ask = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/", "FRESHCOAT_KEY": "fck_made_up"}
    assert run(stub, "build", VERSION="5.0.0", **ask).returncode == 0
    assert "fck_" not in "".join(calls(stub))


def test_a_long_wait_is_cut_into_parts_shorter_than_a_token(stub: Path) -> None:
    (stub / "watch").write_text("124\n124\n0\n")
    assert run(stub, "test", VERSION="5.0.0", TEST_SECONDS="7000").returncode == 0
    waits = [call.split("--timeout ")[1].split()[0] for call in calls(stub) if call.startswith("watch")]
    assert waits == ["3000", "3000", "1000"]


def test_a_wait_that_is_over_says_so_and_what_to_do(stub: Path) -> None:
    (stub / "watch").write_text("124\n124\n")
    ran = run(stub, "test", VERSION="5.0.0", TEST_SECONDS="4000", GITHUB_ACTIONS="true")
    assert ran.returncode == 124
    assert "::error::It is not finished in the time given, and goes on. Run this again" in ran.stderr
    assert len(calls(stub)) == 3


@pytest.mark.parametrize("code", [1, 3, 4, 5, 6, 7, 8, 9, 130])
@pytest.mark.parametrize("command", ["update-image", "watch"])
def test_a_step_ends_with_the_exit_code_of_its_command(stub: Path, command: str, code: int) -> None:
    (stub / command).write_text(f"{code}\n")
    ran = run(stub, "test", VERSION="5.0.0", TF_BUILD="True")
    assert ran.returncode == code
    assert "##vso[task.logissue type=error]" in ran.stderr
    assert calls(stub)[-1].startswith(command), "nothing is called after it"


def test_nothing_is_released_after_a_verdict_that_was_refused(stub: Path) -> None:
    (stub / "verdict").write_text("6\n")
    assert run(stub, "release", VERSION="5.0.0", DEADLINE="tue 01:00").returncode == 6
    assert [call.split()[0] for call in calls(stub)] == ["verdict"]


@pytest.mark.parametrize("at", ["", "mon 06:00"])
def test_each_moment_is_given_to_the_option_of_its_command(stub: Path, at: str) -> None:
    assert run(stub, "release", VERSION="5.0.0", RELEASE_AT=at, DEADLINE="tue 01:00").returncode == 0
    name, option = ("promote", "--pools-on-logoff") if at else ("activate", "--on-logoff")
    assert calls(stub)[-1].startswith(f"{name} desktop 5.0.0 ")
    assert f" {option} tue 01:00 " in calls(stub)[-1]


def test_pools_are_not_updated_without_a_moment(stub: Path) -> None:
    ran = run(stub, "release", VERSION="5.0.0")
    assert ran.returncode != 0
    assert "when the last people are signed out" in ran.stderr
    assert [call.split()[0] for call in calls(stub)] == ["verdict"]


@pytest.mark.parametrize("step", ["", "build all", "deploy"])
def test_a_step_that_there_is_not_is_refused(stub: Path, step: str) -> None:
    assert run(stub, step).returncode == 2


def test_a_note_with_quotes_stays_one_argument(stub: Path) -> None:
    run(stub, "test", VERSION="5.0.0", NOTES='$(id) "; exit 0; `id`')
    assert '--reason $(id) "; exit 0; `id` --idempotency-key' in calls(stub)[0]
