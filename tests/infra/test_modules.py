"""The templates fit together, and what azd deploys stays inside its own resource group."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from tests.infra.templates import INFRA, Declared, Template, members, nodes, templates, text

ROOTS = ("main.bicep", "rights.bicep")
_OUTPUT = re.compile(r"(\w+)(?:\[\w+\])?!?\.outputs\.(\w+)")
_ENVIRONMENT = re.compile(r"readEnvironmentVariable\('(\w+)'")
DEPLOY = Path(__file__).parents[2] / "docs" / "deploy.md"


def used_by(name: str) -> list[str]:
    """A template and all that it uses."""
    found = [name]
    for module in Template(name).declared("module"):
        found += used_by(_path(name, module))
    return found


def _path(name: str, module: Declared) -> str:
    return (PurePosixPath(name).parent / module.of).as_posix()


def test_every_template_is_used() -> None:
    assert {name for root in ROOTS for name in used_by(root)} == set(templates())


@pytest.mark.parametrize("name", templates())
def test_a_module_gets_what_it_asks_for(name: str) -> None:
    for module in Template(name).declared("module"):
        asked = Template(_path(name, module)).parameters
        given = set(members(module["params"]))
        needed = {parameter for parameter, has_default in asked.items() if not has_default}
        assert needed <= given <= set(asked), f"{name}: {module.symbol}"


@pytest.mark.parametrize("name", templates())
def test_only_outputs_that_exist_are_read(name: str) -> None:
    template = Template(name)
    modules = {module.symbol: Template(_path(name, module)) for module in template.declared("module")}
    read = _OUTPUT.findall((INFRA / name).read_text())
    assert [(symbol, output) for symbol, output in read if output not in modules[symbol].outputs] == []


@pytest.mark.parametrize("name", templates())
def test_every_parameter_is_used(name: str) -> None:
    template = Template(name)
    body = [child for child in template.root.children if child.type != "parameter_declaration"]
    words = {text(node) for child in body for node in nodes(child, "identifier")}
    assert set(template.parameters) - words == set()


@pytest.mark.parametrize("root", ROOTS)
def test_the_parameter_file_gives_what_the_template_asks_for(root: str) -> None:
    asked, given = Template(root).parameters, set(Template(f"{root}param").parameters)
    assert {name for name, has_default in asked.items() if not has_default} <= given <= set(asked)
    assert given == set(asked), "every parameter can be set with `azd env set`"


def test_no_compiled_template_is_kept() -> None:
    """It would have to be compiled again with each change. Whoever keeps one must hold the hash of its sources here."""
    kept = [path.name for path in INFRA.rglob("*.json") if "/deploymentTemplate.json#" in path.read_text()]
    assert kept == []


def test_azd_deploys_into_one_resource_group_only() -> None:
    """`azd down` deletes each group in which its deployment made something: with a pool's group, all of its hosts."""
    main = Template("main.bicep")
    assert {text(module["scope"]) for module in main.declared("module")} == {"group"}
    assert [found.of.partition("@")[0] for found in main.declared("resource")] == ["Microsoft.Resources/resourceGroups"]
    for name in used_by("main.bicep")[1:]:
        source = (INFRA / name).read_text()
        assert not [module for module in Template(name).declared("module") if "scope" in module.members], name
        assert "targetScope" not in source, name
        assert not re.search(r"\b(resourceGroup|subscription)\([^)]", source), name
        assert "existing" not in source or name == "modules/network.bicep", name


def test_azd_does_not_take_the_deployment_of_rights_for_its_own() -> None:
    """It looks for the tag, or for a deployment with the environment's name: see test_granting.py."""
    assert "azd-env-name" not in (INFRA / "rights.bicep").read_text()
    names = [text(module["name"]).replace("${i}", "") for module in Template("rights.bicep").declared("module")]
    assert [name for name in names if name != name.upper()] == [], "a deployment in a subscription is in azd's list too"
    assert not set(used_by("rights.bicep")) & set(used_by("main.bicep"))


@pytest.mark.parametrize("name", templates())
def test_whatever_can_have_tags_has_them(name: str) -> None:
    for found in Template(name).declared("resource"):
        if "location" in found.members:
            assert "tags" in found.members, f"{name}: {found.symbol}"


@pytest.mark.parametrize("name", templates())
def test_no_version_of_an_interface_is_a_preview(name: str) -> None:
    assert [found.of for found in Template(name).declared("resource") if "preview" in found.of] == []


def test_an_output_is_never_the_input_of_the_next_deployment() -> None:
    """azd keeps outputs in its environment: a given client id that was an output would unmake its own module."""
    inputs = set(_ENVIRONMENT.findall((INFRA / "main.bicepparam").read_text()))
    assert inputs & Template("main.bicep").outputs == set()


def test_a_deployment_takes_no_identity_from_the_app() -> None:
    """Azure replaces the whole set: those of customers must be in the template as well."""
    (app,) = (found for found in Template("modules/app.bicep").declared("resource") if found.symbol == "app")
    kept = text(app["identity/userAssignedIdentities"])
    assert "'${identityId}'" in kept
    assert "toObject(furtherIdentities" in kept


def test_the_page_names_everything_that_can_be_set() -> None:
    page = DEPLOY.read_text()
    inputs = {name for root in ROOTS for name in _ENVIRONMENT.findall((INFRA / f"{root}param").read_text())}
    own = {name for name in inputs if name.startswith("AZURE_")} | {"FRESHCOAT_IDENTITY_PRINCIPAL"}
    assert sorted(name for name in inputs - own if f"`{name}`" not in page) == []


def test_defaults_of_the_parameter_file_are_those_of_the_template() -> None:
    written = dict(re.findall(r"^param (\w+) .*= (.+)$", (INFRA / "main.bicep").read_text(), re.MULTILINE))
    for name, default in re.findall(
        r"^param (\w+) = \w*\(?readEnvironmentVariable\('\w+', '(.*?)'\)", (INFRA / "main.bicepparam").read_text(), re.M
    ):
        assert written[name].strip("'") == default, name
