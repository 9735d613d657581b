"""The lists of packages: the locks are complete, in step with their lists, and install from wherever pip is told to."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
DEPLOYED = ("function_app.py", "shared", "orchestrators", "activities", "triggers")
PAIRS = (("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt"))
LOCKS = tuple(lock for _, lock in PAIRS)

MODULES = {"azure-functions-durable": "azure.durable_functions", "grpcio": "grpc", "pyjwt": "jwt"}
"""Packages whose module has another name."""

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(name: str) -> list[str]:
    """The entries of a list or of a lock: lines that go on are joined, comments and references are left out."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-r ", "-c "))]


def asked(name: str) -> dict[str, Requirement]:
    """The packages of a list or of a lock, without the hashes."""
    found = (Requirement(entry.split(" --hash")[0]) for entry in entries(name))
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def locked(name: str) -> dict[str, Version]:
    return {package: Version(str(one.specifier).removeprefix("==")) for package, one in asked(name).items()}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_an_exact_version_and_hashes(lock: str) -> None:
    found = entries(lock)
    assert len(found) > 30
    for entry in found:
        assert re.match(r"[a-z0-9-]+==\S+ ", entry), entry
        assert HASH.search(entry), entry


@pytest.mark.parametrize(("listed", "lock"), PAIRS)
def test_a_lock_is_in_step_with_its_list(listed: str, lock: str) -> None:
    versions = locked(lock)
    for name, requirement in asked(listed).items():
        assert name in versions, f"{name} is in {listed}, not in {lock}: run make lock"
        assert requirement.specifier.contains(versions[name], prereleases=True), f"{requirement}: run make lock"


def test_what_is_tested_is_what_is_deployed() -> None:
    """The second lock holds the whole of the first: the same versions with the same hashes."""
    assert set(entries("requirements.txt")) <= set(entries("requirements-dev.txt"))


def test_the_deployed_code_imports_only_what_its_own_list_names() -> None:
    modules = {MODULES.get(name, name.replace("-", ".")) for name in asked("requirements.in")}
    for path, module in sorted(third_party_imports()):
        assert any(f"{module}.".startswith(f"{known}.") for known in modules), f"{path} imports {module}"


def third_party_imports() -> set[tuple[str, str]]:
    ours = {place.removesuffix(".py") for place in DEPLOYED}
    files = [
        file
        for place in DEPLOYED
        for file in ((ROOT / place).rglob("*.py") if (ROOT / place).is_dir() else [ROOT / place])
    ]
    found: set[tuple[str, str]] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {(str(file), alias.name) for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                found |= {(str(file), name) for name in names}
    return {(file, name) for file, name in found if name.split(".")[0] not in sys.stdlib_module_names | ours}


def test_only_the_durable_sdk_and_a_package_without_any_release_are_pre_releases() -> None:
    pre = {name for name, version in locked("requirements-dev.txt").items() if version.is_prerelease}
    assert pre == {"azure-functions-durable", "opentelemetry-semantic-conventions"}


def test_asyncio_is_the_empty_package() -> None:
    """Version 3.4.3 would hide the standard library's module of the same name."""
    assert locked("requirements.txt")["asyncio"] == Version("4.0.0")


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_no_list_names_an_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_the_lock_of_node_names_no_registry_and_has_hashes() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for path, package in packages.items() if path)
