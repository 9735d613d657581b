"""The parameter files give each template values of the type that it takes: what Bicep would refuse is found here."""

from __future__ import annotations

import re

import pytest

from tests.infra.templates import INFRA

MAIN = (INFRA / "main.bicep").read_text()
_GIVEN = re.compile(r"^param (\w+) = (.+)$", re.MULTILINE)
_ASKED = re.compile(r"^param (\w+) ([\w\[\]]+)", re.MULTILINE)
READ_BY = {"int": "json(", "bool": "bool(", "object": "json(", "string[]": "union("}
"""By the type of a parameter: the function that makes it from the text of an environment variable. `int()` gives a
number without a value at compile time: Bicep refuses it for a parameter with `@allowed`, and compares no bounds."""


def given(root: str) -> dict[str, str]:
    return dict(_GIVEN.findall((INFRA / f"{root}param").read_text()))


@pytest.mark.parametrize("root", ["main.bicep", "rights.bicep"])
def test_each_value_has_the_type_of_its_parameter(root: str) -> None:
    for name, kind in _ASKED.findall((INFRA / root).read_text()):
        assert given(root)[name].startswith(READ_BY.get(kind, "readEnvironmentVariable(")), name


@pytest.mark.parametrize("root", ["main.bicep", "rights.bicep"])
def test_a_list_may_have_spaces_and_repetitions(root: str) -> None:
    """The same group twice would be two deployments of one assignment at the same time."""
    for value in (value for value in given(root).values() if value.startswith("union(")):
        assert re.fullmatch(
            r"union\(filter\(map\(split\(readEnvironmentVariable\('\w+', ''\), ','\), part => trim\(part\)\), "
            r"part => !empty\(part\)\), \[\]\)",
            value,
        ), value


def test_who_deploys_may_be_a_person_or_a_pipeline() -> None:
    """azd tells a parameter file who deploys, and not what kind of principal that is."""
    assert "readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', '')" in given("main.bicep")["deployerType"]
    assert "principalType: empty(deployerType) ? null : deployerType" in (INFRA / "modules/vault.bicep").read_text()


def test_a_locked_policy_is_left_alone() -> None:
    """Azure refuses to write it again, and with it each further `azd up`."""
    storage = (INFRA / "modules/storage.bicep").read_text()
    assert "/immutabilityPolicies@2024-01-01' = if (signRecord && !recordLocked) {" in storage
    assert "RECORD_LOCKED" in given("main.bicep")["recordLocked"]


def test_flex_consumption_gets_no_property_that_it_does_not_have() -> None:
    """https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations."""
    app = (INFRA / "modules/app.bicep").read_text()
    gone = ("ftpsState", "alwaysOn", "linuxFxVersion", "use32BitWorkerProcess", "FUNCTIONS_EXTENSION_VERSION:")
    assert [name for name in gone if name in app] == []
    assert not re.search(r"^\s*(FUNCTIONS_WORKER_RUNTIME|WEBSITE_RUN_FROM_PACKAGE|SCM_DO_BUILD\w*):", app, re.MULTILINE)
