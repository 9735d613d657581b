"""An app that is older or newer than the command: what does not fit is named, with both versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from freshcoat_cli import __version__
from tests.cli.app import ABOUT, ME, Asked, Says, problem, serving
from tests.cli.app import run_here as run
from tests.cli.test_publishing import UPDATE, Publishing, plan
from tests.cli.watch.office import Office
from tests.cli.watch.samples import ID, rollout

THERE = ABOUT | {"version": "9.9.9"}
BOTH = f"is version 9.9.9, this command is version {__version__}."


def without(whole: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name != field}


def app_that_says(body: Any, about: dict[str, Any] = THERE) -> Any:
    return lambda asked: Says(body=about if asked.path.endswith("/about") else body)


LISTED = {"items": [{"name": "office", "hosts": 3, "seen_at": None, "problem": ""}], "continuation": None}


@pytest.mark.parametrize(
    ("command", "body", "field"),
    [
        (["whoami"], without(ME, "roles"), "roles"),
        (["pools"], LISTED, "ring"),
        (["pools"], {"things": []}, "items"),
        (["watch", ID], without(rollout(), "mark"), "mark"),
    ],
)
def test_a_field_that_is_not_there_is_named_with_both_versions(
    tmp_path: Path, command: list[str], body: Any, field: str
) -> None:
    with serving(app_that_says(body)) as at:
        ran = run(tmp_path, *command, "--url", at.url)
    assert ran.code == 10, ran
    assert f"✘ The app and this command do not fit: its answer has no {field}" in ran.err
    assert BOTH in ran.err
    assert "Use the command of the app's release." in ran.err
    assert "unexpected error" not in ran.err


def test_a_field_that_is_missing_while_it_is_followed_ends_it_with_both_versions(tmp_path: Path) -> None:
    office = Office()
    office.view = without(office.view, "percent")
    with serving(lambda asked: Says(body=THERE) if asked.path.endswith("/about") else office(asked)) as at:
        ran = run(tmp_path, "watch", ID, "--url", at.url)
    assert (ran.code, "has no percent" in ran.err, BOTH in ran.err) == (10, True, True), ran


def test_a_program_reads_it_as_a_problem(tmp_path: Path) -> None:
    with serving(app_that_says(without(ME, "name"))) as at:
        ran = run(tmp_path, "whoami", "-o", "json", "--url", at.url)
    said = json.loads(ran.err)
    assert (ran.code, said["type"], BOTH in said["detail"]) == (10, "urn:freshcoat:cli:other-version", True)


def test_a_plan_that_lacks_something_begins_nothing(tmp_path: Path) -> None:
    app = Publishing(without(plan(), "users_now"))
    with serving(lambda asked: Says(body=THERE) if asked.path.endswith("/about") else app(asked)) as at:
        ran = run(tmp_path, *UPDATE, "--on-logoff", "+5h", "--yes", "--url", at.url)
    assert (ran.code, "no users_now" in ran.err, app.begun) == (10, True, [])


def test_another_way_to_sign_in_is_named(tmp_path: Path) -> None:
    other = THERE | {"auth": {"kind": "passkey", "tenants": []}}
    with serving(app_that_says(ME, other)) as at:
        ran = run(tmp_path, "whoami", "--url", at.url)
    assert (ran.code, "by passkey" in ran.err, BOTH in ran.err) == (10, True, True), ran


UNKNOWN = {"field": "sign_outs", "message": "unknown field: check the spelling or remove it"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Says(404, "<html>"), 5),
        (problem(400, "invalid-request", "Not valid", errors=[UNKNOWN]), 3),
    ],
)
def test_a_request_that_the_app_does_not_know_names_both_versions(tmp_path: Path, answer: Says, code: int) -> None:
    def older(asked: Asked) -> Says:
        return Says(body=THERE) if asked.path.endswith("/about") else answer

    with serving(older) as at:
        ran = run(tmp_path, "whoami", "--url", at.url)
    assert (ran.code, BOTH in ran.err) == (code, True), ran


def test_a_field_of_a_policy_that_somebody_mistyped_is_no_other_version(tmp_path: Path) -> None:
    typed = [{"field": "policy.retry", "message": "unknown field: check the spelling or remove it"}]
    refused = problem(400, "invalid-request", "Not valid", errors=typed)
    with serving(lambda asked: Says(body=THERE) if asked.path.endswith("/about") else refused) as at:
        ran = run(tmp_path, "whoami", "--url", at.url)
    assert (ran.code, "9.9.9" in ran.err) == (3, False)
