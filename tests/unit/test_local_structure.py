"""The import order inside the simulated Azure, and no type-only imports that would hide a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDER = ("local.sim.core", "local.sim.avd", "local.sim.graph", "local.sim.compute", "local.sim")
"""From bottom to top: a module imports from its own folder and from those before it. The last entry means the files
directly in `local/sim`."""


def line_of(module: str) -> int | None:
    """The position in ORDER of the folder that holds the module; None for a module outside `local/sim`."""
    for line, folder in enumerate(ORDER):
        if module == folder or module.startswith(f"{folder}."):
            return line
    return None


def imports(tree: ast.AST) -> set[str]:
    """The imported modules and names. `from local.sim import seed` counts as `local.sim.seed`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def upward_imports(module: str, tree: ast.AST) -> list[str]:
    """The imports of a module that point to a folder above its own."""
    mine = line_of(module)
    assert mine is not None, module
    return sorted(name for name in imports(tree) if (line := line_of(name)) is not None and line > mine)


def modules(folder: str) -> dict[str, ast.AST]:
    return {
        path.relative_to(ROOT).as_posix().removesuffix(".py").replace("/", "."): ast.parse(path.read_text())
        for path in (ROOT / folder).rglob("*.py")
    }


def test_the_simulated_azure_imports_in_one_direction() -> None:
    found = modules("local/sim")
    assert len(found) > 30
    assert {module: wrong for module, tree in found.items() if (wrong := upward_imports(module, tree))} == {}


def test_local_has_no_type_only_imports() -> None:
    for module, tree in modules("local").items():
        assert not any(isinstance(node, ast.Name) and node.id == "TYPE_CHECKING" for node in ast.walk(tree)), module


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("local.sim.core.simulator", "from local.sim import seed"),
        ("local.sim.core.simulator", "from local.sim.autoscaler import Autoscaler"),
        ("local.sim.core.faults", "from local.sim.avd import guests"),
        ("local.sim.avd.guests", "from local.sim.compute.disks import detach"),
        ("local.sim.compute.disks", "import local.sim.server"),
    ],
)
def test_an_import_that_points_upward_is_found(module: str, line: str) -> None:
    assert len(upward_imports(module, ast.parse(line))) == 1
