"""The package as it is installed elsewhere: whole, with dependencies whose ranges hold what is locked here."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

from freshcoat_cli import __version__
from shared.core.names import RELEASE
from tests.cli.app import ROOT

PROJECT = tomllib.loads((ROOT / "cli/pyproject.toml").read_text())["project"]


def test_the_wheel_holds_every_module_and_the_command(tmp_path: Path) -> None:
    uv = ROOT / ".venv/bin/uv"
    command = [str(uv), "build", "--quiet", "--offline", "--wheel", "--out-dir", str(tmp_path), str(ROOT / "cli")]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own package
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as found:
        names = set(found.namelist())
        (entry,) = [name for name in names if name.endswith("entry_points.txt")]
        assert "freshcoat = freshcoat_cli.main:run" in found.read(entry).decode()
    modules = {path.relative_to(ROOT / "cli").as_posix() for path in (ROOT / "cli/freshcoat_cli").rglob("*.py")}
    assert modules <= names
    assert not [name for name in names if not name.startswith(("freshcoat_cli/", "freshcoat_cli-"))]


def test_what_it_needs_includes_what_is_locked_here() -> None:
    for text in PROJECT["dependencies"]:
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate():
            assert needed.specifier.contains(version(needed.name)), text


def test_every_package_that_is_imported_is_named() -> None:
    """And none that only tests or the app need."""
    ours = {Requirement(text).name.replace("-", "_") for text in PROJECT["dependencies"]}
    source = "".join(path.read_text() for path in (ROOT / "cli/freshcoat_cli").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)[\w.]*(?: import .*)?$", source, re.MULTILINE))
    others = imported - sys.stdlib_module_names - {"freshcoat_cli"}
    assert ours == (others - {"azure"}) | {"azure_identity", "tzdata"}


def test_its_version_is_that_of_the_app() -> None:
    assert PROJECT["version"] == __version__ == RELEASE
