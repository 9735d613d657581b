"""The bill of materials and the page of licences: complete, valid, the same twice, no licence that nobody knows."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.sbom.__main__ import PAGE, SBOM, bill, main, page, strange
from tools.sbom.parts import Part, console_parts, parts, python_parts

ROOT = Path(__file__).parents[2]
HASHES = f"--hash=sha256:{'a' * 64} --hash=sha256:{'b' * 64}"


@pytest.fixture(scope="module")
def found() -> list[Part]:
    return parts(ROOT)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with our locks and our page."""
    for name in ("requirements.txt", "console/package-lock.json", PAGE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_page_of_licences_is_that_of_the_locks() -> None:
    assert main(["--check"]) == 0


def test_every_deployed_package_has_a_licence_that_somebody_has_looked_at(found: list[Part]) -> None:
    assert len(found) > 100
    assert strange(found) == []


def test_the_bill_is_valid_and_says_the_same_twice(found: list[Part]) -> None:
    text = json.dumps(bill(found))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert text == json.dumps(bill(parts(ROOT)))


def test_the_bill_holds_the_hashes_of_the_lock(found: list[Part]) -> None:
    in_lock = set(re.findall(r"sha256:([0-9a-f]{64})", (ROOT / "requirements.txt").read_text()))
    python = [part for part in found if part.kind == "pypi"]
    assert all(set(part.hashes) <= in_lock and part.hashes for part in python)
    assert all(len(part.hashes[0]) == 128 for part in found if part.kind == "npm")


def test_packages_for_other_systems_are_left_out() -> None:
    lock = f"idna==3.20 \\\n    {HASHES}\n    # via requests\npywin32==311 ; sys_platform == 'win32' {HASHES}\n"
    (only,) = python_parts(lock)
    assert (only.name, only.version, only.licence, only.hashes) == (
        "idna",
        "3.20",
        "BSD-3-Clause",
        ("a" * 64, "b" * 64),
    )
    assert only.purl == "pkg:pypi/idna@3.20"


def test_what_only_builds_the_console_is_left_out() -> None:
    package = {"version": "1.0.0", "license": "MIT", "integrity": "sha512-AAAA"}
    lock = {"packages": {"": {}, "node_modules/@a/b": package, "node_modules/c": {**package, "dev": True}}}
    (only,) = console_parts(lock)
    assert (only.name, only.purl) == ("@a/b", "pkg:npm/%40a/b@1.0.0")


@pytest.mark.parametrize(
    ("licence", "fine"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("GPL-3.0", False),
        ("unknown", False),
        ("MIT AND (GPL-3.0 OR ISC)", True),
        ("(MIT OR GPL-3.0) AND GPL-3.0", False),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("see LICENSE.txt, please", False),
        ("", False),
    ],
)
def test_a_licence_is_named_unless_it_or_one_of_a_choice_is_allowed(licence: str, fine: bool) -> None:
    assert (strange([Part("npm", "a", "1", licence, "SHA-512", ())]) == []) is fine


def test_a_page_that_differs_fails_the_check_and_is_made_anew(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / PAGE).write_text("old\n")
    assert main(["--check"], copy) == 1
    assert "run make sbom" in capsys.readouterr().out
    assert not (copy / SBOM).exists()
    assert main([], copy) == 0
    assert (copy / PAGE).read_text() == page(parts(copy))
    assert json.loads((copy / SBOM).read_text())["bomFormat"] == "CycloneDX"


def test_make_lint_checks_it() -> None:
    lint = (ROOT / "Makefile").read_text().split("\nlint:")[1].split("\n\n")[0]
    assert "-m tools.sbom --check" in lint
