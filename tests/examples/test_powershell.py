"""The PowerShell module: what it asks and reads is in the contract, and its functions are what PowerShell expects."""

from __future__ import annotations

import re

import pytest

from tests.examples.contract import answer_of, body_of, fields_of, operation, query_of
from tests.examples.powershell_calls import FOLDER, Function, functions

FUNCTIONS = functions()
EXPORTED = re.findall(r"^ {8}'([\w-]+)'$", (FOLDER / "Freshcoat.psd1").read_text(), re.MULTILINE)
WITH_CALLS = sorted(name for name, one in FUNCTIONS.items() if one.calls)
APPROVED = {"Connect", "Get", "Invoke", "Resume", "Set", "Suspend", "Undo", "Update", "Wait"}
"""Those of the approved verbs that are used here."""
CHANGES = {name for name in EXPORTED if name.split("-")[0] in {"Update", "Suspend", "Resume", "Undo", "Set"}}
COMMON = {"WhatIf", "Confirm", "Verbose"}


def test_what_is_exported_is_what_there_is() -> None:
    assert len(EXPORTED) == 11
    public = {name for name, one in FUNCTIONS.items() if one.help}
    assert public == set(EXPORTED)
    assert {name.split("-")[0] for name in FUNCTIONS} <= APPROVED


def test_the_module_loads_each_of_its_files() -> None:
    loaded = re.findall(r"Join-Path \$PSScriptRoot '([\w.]+)'", (FOLDER / "Freshcoat.psm1").read_text())
    assert sorted(loaded) == sorted(path.name for path in FOLDER.glob("*.ps1"))


@pytest.mark.parametrize("name", WITH_CALLS)
def test_every_request_is_one_of_the_contract(name: str) -> None:
    for call in FUNCTIONS[name].calls:
        found = operation(call.method, call.path)
        assert found, f"{call.method} {call.path}"
        assert call.query <= query_of(found[1]), call
        assert call.body <= body_of(found[1]), call


def test_the_requests_are_found() -> None:
    """The search for them must not miss any: each line that sends is one of them."""
    lines = sum(
        line.strip().startswith(("Invoke-FreshcoatRequest", "Get-FreshcoatItem")) or "= Invoke-FreshcoatRequest" in line
        or "return Invoke-FreshcoatRequest" in line or "{ Invoke-FreshcoatRequest" in line
        for path in FOLDER.glob("*.ps1")
        for line in path.read_text().splitlines()
    )  # fmt: skip
    own = 1  # Get-FreshcoatItem's, whose path is given to it
    assert sum(len(one.calls) for one in FUNCTIONS.values()) == lines - own
    assert {call.path for call in FUNCTIONS["Undo-FreshcoatRollout"].calls} == {
        "rollouts/{}",
        "pools/{}/roll-back",
        "rollouts/{}/cancel",
    }
    assert FUNCTIONS["Update-FreshcoatImage"].calls[-1].body == {"version", "schedule", "plan", "sign_outs", "reason"}


@pytest.mark.parametrize("name", WITH_CALLS)
def test_every_field_that_is_read_is_answered(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.reads <= answers(function)


def answers(function: Function) -> set[str]:
    names: set[str] = set()
    for call in function.calls:
        found = operation(call.method, call.path)
        names |= answer_of(found[1]) if found else set()
    return names


def test_the_schedule_and_the_problem_are_those_of_the_contract() -> None:
    assert FUNCTIONS["Get-FreshcoatSchedule"].hash_keys <= fields_of("ScheduleRequest")
    for name in ("Get-FreshcoatError", "Get-FreshcoatFault"):
        assert FUNCTIONS[name].reads
        assert FUNCTIONS[name].reads <= fields_of("Problem")
    assert FUNCTIONS["Get-FreshcoatItem"].reads <= {"items", "continuation"}


@pytest.mark.parametrize("name", EXPORTED)
def test_each_has_help_whose_examples_could_be_typed(name: str) -> None:
    assert ".SYNOPSIS" in FUNCTIONS[name].help
    examples = FUNCTIONS[name].help.partition(".EXAMPLE")[2]
    assert name in examples
    for stage in re.split(r"[|\n]", examples):
        used = re.match(r"\s*([A-Z]\w+-Freshcoat\w*)(.*)", stage)
        if used:
            assert set(re.findall(r" -([A-Z]\w+)", used[2])) - COMMON - {"AsSecureString", "AsPlainText", "Force"} <= (
                FUNCTIONS[used[1]].parameters
            ), stage
        elif picked := re.match(r" Select-Object ([\w, ]+)", stage):
            assert set(picked[1].strip().split(", ")) <= answers(FUNCTIONS[name]), stage


@pytest.mark.parametrize("name", EXPORTED)
def test_what_changes_something_can_be_asked_about_first(name: str) -> None:
    text = FUNCTIONS[name].text
    assert ("SupportsShouldProcess" in text) == ("$PSCmdlet.ShouldProcess(" in text) == (name in CHANGES)
    if name in CHANGES:
        before = text[: text.index("ShouldProcess(", text.index("param("))]
        posted = re.findall(r"Invoke-FreshcoatRequest -Method POST[^\n]*", before)
        assert all("what_if = 'true'" in line for line in posted), "something is changed before it was asked"


def test_secrets_are_secure_strings_and_go_into_headers_only() -> None:
    text = FUNCTIONS["Connect-Freshcoat"].text
    assert re.findall(r"\[(\w+)\] \$(?:Key|Token)\b", text) == ["securestring", "securestring"]
    users = {name for name, one in FUNCTIONS.items() if "Get-FreshcoatPlainText" in one.text}
    assert users == {"Get-FreshcoatHeader", "Get-FreshcoatPlainText"}


def test_a_request_that_is_sent_again_has_the_same_idempotency_key() -> None:
    text = FUNCTIONS["Invoke-FreshcoatRequest"].text
    assert text.index("Get-FreshcoatHeader") < text.index("for (") < text.index("Invoke-RestMethod @request")
    assert "[guid]::NewGuid()" in FUNCTIONS["Get-FreshcoatHeader"].text
