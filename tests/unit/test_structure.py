"""Who may import whom, and which names stand at the top: the layout is kept by this test, not by memory."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from shared.core.settings import BadSettings, Settings

ROOT = Path(__file__).parents[2]
PRODUCT = ("shared", "orchestrators", "activities", "triggers")

ONLY_IN = {
    "azure.mgmt": "shared/azure/",
    "azure.core": ("shared/azure/", "shared/tables/", "shared/core/transport.py"),
    "azure.identity": ("shared/azure/", "shared/tables/"),
    "azure.data": "shared/tables/",
    "azure.keyvault": "shared/azure/record/seals.py",
    "azure.storage": "shared/azure/record/seals.py",
    "grpc": "shared/workflow/durable_engine.py",
    "os": "shared/wiring.py",
}
"""SDKs, and the environment, are known in one place each."""

ORDER = (
    ("core",),
    ("models", "orchestrators"),
    ("api", "console", "ports", "planning", "versions", "azure"),
    ("caches",),
    ("services",),
    ("tables", "audit", "history"),
    ("records", "assembly"),
    ("workflow", "wiring", "access"),
    ("views",),
    ("pools",),
    ("rollouts/preflight",),
    ("rollouts/old_disks",),
    ("rollouts/hosts",),
    ("rollouts/refresh",),
    ("rollouts/reconcile",),
    ("rollouts",),
    ("fleet",),
    ("images", "tasks"),
    ("triggers", "activities"),
    ("function_app",),
)
"""Who may import whom, from bottom to top: a room imports from itself and from the lines below it. Folders of `shared`
stand without that prefix; `rollouts` means the files on top of that folder."""

PURE = ("core", "models", "api", "console", "planning", "versions")
PURE_MAY = {"pydantic", "zoneinfo", "tzlocal", "shared"}
"""Besides the standard library."""
IMPURE = "shared/core/transport.py"
"""The one exception: the HTTP transport that every SDK shares."""


def modules(*folders: str) -> list[Path]:
    return [ROOT / "function_app.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]


@cache
def imports(path: Path) -> frozenset[str]:
    """Read once: many tests ask for every file's."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize("package", ONLY_IN)
def test_an_sdk_is_imported_in_one_place_only(package: str) -> None:
    for path in modules(*PRODUCT):
        place = path.relative_to(ROOT).as_posix()
        if any(within(name, package) for name in imports(path)):
            assert place.startswith(ONLY_IN[package]), f"{place} imports {package}"


TOP = ("orchestrators", "activities", "triggers", "function_app")
"""The rooms that stand beside `shared`."""


def room_of(module: str) -> str | None:
    """The room a module of ours stands in; None when it is none of ours, or the package `shared` itself."""
    top, *rest = module.split(".")
    if top != "shared":
        return top if top in TOP else None
    if rest[:1] == ["rollouts"] and "/".join(rest[:2]) in RANK:
        return "/".join(rest[:2])
    return rest[0] if rest and rest[0] != "__init__" else None


RANK = {room: line for line, rooms in enumerate(ORDER) for room in rooms}


def upward_imports(module: str, imported: Iterable[str]) -> list[str]:
    """Those of the imported modules that stand higher than `module`, or on the same line."""
    mine = room_of(module)
    if mine is None:
        return []
    assert mine in RANK, f"{module}: give its folder {mine} a line in ORDER"
    rooms = {name: room for name in imported if (room := room_of(name)) in RANK and room != mine}
    return [name for name, room in rooms.items() if RANK[room] >= RANK[mine]]


def test_nothing_imports_upward() -> None:
    wrong: list[str] = []
    for path in modules(*PRODUCT):
        place = path.relative_to(ROOT).as_posix()
        for name in upward_imports(place.removesuffix(".py").replace("/", "."), imports(path)):
            wrong.append(f"{place} imports {name.replace('.', '/')}, which stands above it in ORDER")
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("shared.core.ids", "shared.models.pools"),
        ("shared.planning.plan", "shared.records.pools"),
        ("shared.rollouts.hosts.runner", "shared.rollouts.reconcile.answer"),
        ("shared.rollouts.preflight.checks", "shared.rollouts.start"),
        ("shared.images.staging", "shared.tasks.cancel"),
        ("shared.views.pools", "triggers.pools"),
        ("orchestrators.publish_image", "shared.services"),
    ],
)
def test_an_import_that_runs_upward_is_found(module: str, imported: str) -> None:
    assert upward_imports(module, [imported]) == [imported]


def test_pure_folders_import_only_the_standard_library_pydantic_and_each_other() -> None:
    checked = 0
    for path in modules(*(f"shared/{room}" for room in PURE)):
        place = path.relative_to(ROOT).as_posix()
        if place in {"function_app.py", IMPURE}:
            continue
        checked += 1
        tops = {name.split(".")[0] for name in imports(path)}
        assert tops <= set(sys.stdlib_module_names) | PURE_MAY | {"__future__"}, place
        rooms = {room_of(name) for name in imports(path)} - {None}
        assert rooms <= set(PURE), place
    assert checked > 50


def test_orchestrators_know_neither_services_nor_settings_nor_sdks() -> None:
    for path in (ROOT / "orchestrators").glob("*.py"):
        for name in imports(path):
            assert not any(
                within(name, f"shared.{part}") for part in ("services", "core.settings", "wiring", "azure", "tables")
            )


def test_deployed_code_imports_neither_local_tools_nor_bench_nor_tests() -> None:
    for path in modules(*PRODUCT):
        assert not any(within(name, part) for name in imports(path) for part in ("local", "tests", "bench", "tools")), (
            path
        )


def test_triggers_and_activities_touch_no_azure_and_no_table() -> None:
    for path in modules("triggers", "activities"):
        assert not any(within(name, part) for name in imports(path) for part in ("shared.azure", "shared.tables")), path


def test_the_command_line_knows_nothing_of_the_app_but_its_http_api() -> None:
    """It is installed without the app, on other machines."""
    top = ROOT / "cli/freshcoat_cli"
    files = list(top.rglob("*.py"))
    ours = {path.stem if path.is_file() else path.name for path in ROOT.iterdir() if path.suffix in {"", ".py"}}
    for path in files:
        assert not {name.split(".")[0] for name in imports(path)} & ours, path
    assert len(files) > 20


CUTS = frozenset({"split", "rsplit", "partition", "rpartition", "find", "rfind", "index", "rindex"})
"""Methods that take a text apart at a given place."""
CUTS_AT_SLASHES = {
    "shared/core/arm_ids.py": "ARM ids",
    "triggers/http/openapi/document.py": "routes",
}


def cuts_at_slashes(source: str) -> list[int]:
    """The lines where a text is taken apart at a `/`, or at a word that holds one."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    cuts = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in CUTS]
    return [call.lineno for call in cuts if call.args and any("/" in text for text in texts_in(call.args[0]))]


def texts_in(tree: ast.AST) -> list[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [node.value for node in nodes if isinstance(node.value, str)]


def test_arm_ids_are_parsed_in_one_file() -> None:
    found = {path.relative_to(ROOT).as_posix(): cuts_at_slashes(path.read_text()) for path in modules(*PRODUCT)}
    wrong = [f"{place}:{line}" for place, lines in found.items() if place not in CUTS_AT_SLASHES for line in lines]
    assert wrong == [], "use a function of shared/core/arm_ids.py"
    assert all(found[place] for place in CUTS_AT_SLASHES), "no longer an exception"


@pytest.mark.parametrize(
    "source", ['one.split("/")[-1]', 'x.rpartition("/versions/")', 'y.find(f"/providers/{kind}/")', 'z.rsplit("/", 1)']
)
def test_parsing_of_an_arm_id_elsewhere_is_found(source: str) -> None:
    assert cuts_at_slashes(source) == [1]
    assert cuts_at_slashes('"/".join(parts) + one.partition(" ")[0]') == []


def test_the_sample_settings_are_those_that_are_read() -> None:
    values = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    ours = {name.removeprefix("FRESHCOAT_").lower() for name in values if name.startswith("FRESHCOAT_")}
    assert ours == set(Settings.model_fields) - {"secrets", "trust_principal"}
    assert Settings.read(values).secrets == {"JOIN_PASSWORD": values["JOIN_PASSWORD"]}


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(BadSettings) as refused:
        Settings.read({"FRESHCOAT_RECONCILE_GAP": "soon", "FRESHCOAT_IMAGE_LIMIT": "-1"})
    assert "FRESHCOAT_RECONCILE_GAP" in str(refused.value)
    assert "FRESHCOAT_IMAGE_LIMIT" in str(refused.value)


def test_the_fixed_folders_exist_at_the_top() -> None:
    fixed = ["function_app.py", "orchestrators", "activities", "shared", "tests", "host.json", "requirements.txt"]
    assert [name for name in [*fixed, "local.settings.sample.json"] if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("environment", "trusted"),
    [
        ({"WEBSITE_AUTH_ENABLED": "True"}, True),
        ({"WEBSITE_AUTH_ENABLED": "true"}, True),
        ({"WEBSITE_AUTH_ENABLED": "False"}, False),
        ({"WEBSITE_AUTH_ENABLED": ""}, False),
        ({"FRESHCOAT_TRUST_PRINCIPAL": "true"}, False),
        ({}, False),
    ],
)
def test_a_callers_name_is_trusted_only_where_the_platform_says_so(environment: dict[str, str], trusted: bool) -> None:
    assert Settings.read({"FRESHCOAT_TABLES_CONNECTION": "x", **environment}).trust_principal is trusted


def test_a_worker_is_indexed_without_azures_packages_being_loaded() -> None:
    """They take as long to load as all the rest; a cold worker answers that much sooner with its list of functions."""
    script = "import sys, function_app; print(sorted({'azure.mgmt.compute', 'azure.data.tables'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
