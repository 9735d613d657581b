"""What goes into the package for Azure, and that the same sources make the same bytes."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from local.host.worker_process import _python
from tools import package
from tools.host_json import Backend, host_json
from tools.package import PackageError

MODULE = "KINDS = {'a', 'b', 'c'}\n\n\ndef known(kind: str) -> bool:\n    return kind in {'x', 'y', 'z', kind}\n"


def sources(root: Path) -> Path:
    """A project with one file of everything."""
    for name in package.FILES:
        root.mkdir(exist_ok=True)
        (root / name).write_text("")
    for folder in (*package.FOLDERS, "local", "tests", "tools", "cli", "examples", "infra", "console/src"):
        (root / folder / "deep").mkdir(parents=True)
        (root / folder / "deep" / "one.py").write_text(MODULE)
    (root / "shared" / "deep" / "script.ps1").write_text("Get-Item .")
    (root / "shared" / ".hidden").write_text("")
    (root / "shared" / "__pycache__").mkdir()
    (root / "shared" / "__pycache__" / "old.cpython-313.pyc").write_text("")
    (root / "local.settings.json").write_text('{"Values": {"JOIN_PASSWORD": "secret"}}')
    return root


def install(requirements: Path, target: Path) -> None:
    """What an installation leaves behind, with traces of the machine."""
    for name in ("thing/__init__.py", "thing/__pycache__/left.pyc", "bin/thing", "thing-1.0.dist-info/METADATA"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(MODULE if name.endswith(".py") else "")
    for name in ("RECORD", "INSTALLER", "direct_url.json", "uv_cache.json"):
        (target / "thing-1.0.dist-info" / name).write_text(str(target))
    (target / ".lock").write_text(str(os.getpid()))


def test_the_app_the_console_and_the_packages_are_in_it_and_nothing_else(tmp_path: Path) -> None:
    made = package.make(sources(tmp_path / "project"), tmp_path / "out", install)
    with zipfile.ZipFile(made.zip) as zipped:
        names = [name for name in zipped.namelist() if not name.endswith(".pyc")]
        assert len(zipped.namelist()) == made.files
    at = package.PACKAGES.as_posix()
    assert names == sorted(
        [
            *package.FILES,
            *(f"{folder}/deep/one.py" for folder in package.FOLDERS),
            "shared/deep/script.ps1",
            f"{at}/thing/__init__.py",
            f"{at}/thing-1.0.dist-info/METADATA",
        ]
    )


def test_the_same_sources_make_the_same_bytes_in_another_place_at_another_time(tmp_path: Path) -> None:
    first = package.make(sources(tmp_path / "project"), tmp_path / "out", install)
    (tmp_path / "elsewhere").mkdir()
    other = sources(tmp_path / "elsewhere" / "and deeper")
    for path in other.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o755)
    second = package.make(other, tmp_path / "other out", install)
    assert first.sha256 == second.sha256
    assert first.zip.read_bytes() == second.zip.read_bytes()


def test_a_package_for_another_engine_has_its_host_json(tmp_path: Path) -> None:
    made = package.make(sources(tmp_path / "project"), tmp_path / "out", install, Backend.SCHEDULER)
    assert json.loads((made.folder / "host.json").read_text()) == host_json(Backend.SCHEDULER)


def test_a_package_replaces_the_one_before(tmp_path: Path) -> None:
    root = sources(tmp_path / "project")
    package.make(root, tmp_path / "out", install)
    (root / "shared" / "deep" / "script.ps1").unlink()
    made = package.make(root, tmp_path / "out", install)
    assert not (made.folder / "shared" / "deep" / "script.ps1").exists()
    with zipfile.ZipFile(made.zip) as zipped:
        assert "shared/deep/script.ps1" not in zipped.namelist()


def test_modules_are_compiled_for_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    made = package.make(sources(tmp_path / "project"), tmp_path / "out", install)
    tag = sys.implementation.cache_tag
    for module in ("shared/deep", f"{package.PACKAGES}/thing"):
        (compiled,) = (made.folder / module / "__pycache__").iterdir()
        assert compiled.name.endswith(f".{tag}.pyc")
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0"  # by hash, and not compared with the source
        assert str(tmp_path).encode() not in compiled.read_bytes()


def test_a_console_that_is_not_built_is_named(tmp_path: Path) -> None:
    root = sources(tmp_path / "project")
    (root / "console" / "dist").rename(root / "console" / "gone")
    with pytest.raises(PackageError, match="console/dist is missing"):
        package.make(root, tmp_path / "out", install)


def test_a_module_that_cannot_be_compiled_stops_it(tmp_path: Path) -> None:
    root = sources(tmp_path / "project")
    (root / "shared" / "deep" / "one.py").write_text("def")
    with pytest.raises(PackageError, match="could not be compiled"):
        package.make(root, tmp_path / "out", install)


def test_the_local_host_runs_a_package_with_its_own_packages_alone(tmp_path: Path) -> None:
    assert "-P" in _python(tmp_path)
    (tmp_path / package.PACKAGES).mkdir(parents=True)
    command = _python(tmp_path)
    assert command[1:3] == ["-I", "-S"]
    assert str(tmp_path / package.PACKAGES) in command[-1]
