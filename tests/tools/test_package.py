"""What goes into the package for Azure, and that the same sources make the same bytes."""

from __future__ import annotations

# ruff: noqa: S603, S607 (our own commands)
import hashlib
import json
import os
import re
import subprocess
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


def test_what_the_machine_is_set_to_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = package.make(sources(tmp_path / "project"), tmp_path / "out", install)
    settings = {"PYTHONPYCACHEPREFIX": str(tmp_path / "cache"), "PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "7"}
    for name, value in {**settings, "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"}.items():
        monkeypatch.setenv(name, value)
    usual = os.umask(0o077)
    try:
        second = package.make(tmp_path / "project", tmp_path / "other", install)
    finally:
        os.umask(usual)
    assert first.zip.read_bytes() == second.zip.read_bytes()
    assert second.sha256 == hashlib.sha256(first.zip.read_bytes()).hexdigest()


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


def test_a_module_that_is_missing_stops_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = sources(tmp_path / "project")
    (root / "function_app.py").write_text("import thing\nimport shared.deep.two\n")
    with pytest.raises(PackageError, match="does not load from the package alone"):
        package.make(root, tmp_path / "out", install)
    assert "No module named 'shared.deep.two'" in capfd.readouterr().err
    (root / "shared" / "deep" / "two.py").write_text("")
    assert package.make(root, tmp_path / "out", install).files


def test_a_package_that_cannot_be_made_again_is_not_left_to_be_deployed(tmp_path: Path) -> None:
    root, out = sources(tmp_path / "project"), tmp_path / "out"
    made = package.make(root, out, install)
    for fault in (PackageError("no wheel"), KeyboardInterrupt()):

        def fails(requirements: Path, target: Path, fault: BaseException = fault) -> None:
            install(requirements, target)
            raise fault

        with pytest.raises(type(fault)):
            package.make(root, out, fails)
        assert not made.zip.exists()
        assert [path.name for path in out.iterdir()] == ["package"]
    assert package.make(root, out, install).sha256 == made.sha256


def test_what_a_killed_one_left_is_removed_later(tmp_path: Path) -> None:
    root, out = sources(tmp_path / "project"), tmp_path / "out"
    for name in ("making-old", "making-now"):
        (out / name / "package").mkdir(parents=True)
    os.utime(out / "making-old", (1_000_000_000, 1_000_000_000))
    made = package.make(root, out, install)
    assert {path.name for path in out.iterdir()} == {"package", made.zip.name, "making-now"}


def test_an_interrupted_one_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(package, "make", interrupted)
    assert package.main([]) == package.INTERRUPTED
    assert "there is no package" in capsys.readouterr().err


def test_settings_are_left_out_and_a_file_that_is_not_the_apps_stops_it(tmp_path: Path) -> None:
    root = sources(tmp_path / "project")
    (root / "shared" / "deep" / "local.settings.json").write_text('{"Values": {"JOIN_PASSWORD": "secret"}}')
    with zipfile.ZipFile(package.make(root, tmp_path / "out", install).zip) as zipped:
        assert not [name for name in zipped.namelist() if "settings" in name]
    (root / "triggers" / "deep" / "key.pem").write_text("secret")
    with pytest.raises(PackageError, match=r"triggers/deep/key\.pem is no file of the app"):
        package.make(root, tmp_path / "out", install)


def test_it_says_from_which_commit_it_is_and_what_is_not_committed(tmp_path: Path) -> None:
    root = sources(tmp_path / "project")
    assert package.make(root, tmp_path / "out", install).sources == ""
    identity = ("-c", "user.name=ann", "-c", "user.email=ann@contoso.com")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "all")):
        subprocess.run(["git", "-C", root, *command], check=True)
    clean = package.make(root, tmp_path / "out", install)
    assert re.fullmatch(r"from commit [0-9a-f]{12}", clean.sources)
    assert f"\n{clean.sources}\n" in str(clean)
    (root / "shared" / "deep" / "two.py").write_text("")
    (root / "shared" / "deep" / "script.ps1").unlink()
    (root / "tests" / "deep" / "two.py").write_text("")
    made = package.make(root, tmp_path / "out", install)
    changed = "2 changed files that are not committed: shared/deep/script.ps1, shared/deep/two.py"
    assert made.sources == f"{clean.sources}, with {changed}"


def test_a_package_without_a_wheel_for_azure_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    listed = tmp_path / "requirements.txt"
    for name, tag in (
        ("good", "cp313-cp313-manylinux_2_28_x86_64"),
        ("older", "cp312-cp312-manylinux_2_28_x86_64"),
        ("apple", "cp313-cp313-macosx_11_0_arm64"),
    ):
        wheel = tmp_path / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(wheel, "w") as zipped:
            zipped.writestr(f"{name}.py", "")
            about = f"{name}-1.0.dist-info"
            zipped.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            zipped.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
            zipped.writestr(f"{about}/RECORD", f"{name}.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
        listed.write_text(f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
        target = tmp_path / name
        if name == "good":
            package.install_locked(listed, target)
            assert (target / "good.py").exists()
            continue
        with pytest.raises(PackageError, match=r"a wheel for Linux on x86-64 and Python 3\.13: choose another version"):
            package.install_locked(listed, target)
        assert f"{name}" in capfd.readouterr().err


def test_the_local_host_runs_a_package_with_its_own_packages_alone(tmp_path: Path) -> None:
    assert "-P" in _python(tmp_path)
    (tmp_path / package.PACKAGES).mkdir(parents=True)
    command = _python(tmp_path)
    assert command[1:3] == ["-I", "-S"]
    assert str(tmp_path / package.PACKAGES) in command[-1]
