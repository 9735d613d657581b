"""The check of the templates: what parses passes, each broken place is named, and a compiler on the PATH is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.bicep import compiled, problems

ROOT = Path(__file__).parent.parent.parent
COMPILED = [f"infra/{name}" for name in ("main.bicep", "rights.bicep", "main.bicepparam", "rights.bicepparam")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "infra").mkdir()
    return tmp_path


def seen(root: Path) -> list[str]:
    return [str(problem) for problem in problems(root)]


def test_the_templates_of_the_product_parse() -> None:
    assert seen(ROOT) == []


def test_what_is_newer_than_the_grammar_is_no_problem(tree: Path) -> None:
    (tree / "infra/a.bicep").write_text("extension microsoftGraphV1\n\nparam a string\n")
    (tree / "infra/a.bicepparam").write_text("using './a.bicep'\n\nparam a = 'x'\n")
    assert seen(tree) == []


@pytest.mark.parametrize("line", ["resource b 'X/y@2020-01-01' = {", "var b = union({ c: 1 }", "module = 'a'"])
def test_a_broken_template_is_named_with_its_line(tree: Path, line: str) -> None:
    (tree / "infra/a.bicep").write_text(f"param a string\n{line}\n")
    found = seen(tree)
    assert found
    assert found[0].startswith(("infra/a.bicep:1: not Bicep: ", "infra/a.bicep:2: not Bicep: "))


def test_a_broken_parameter_file_is_named(tree: Path) -> None:
    (tree / "infra/a.bicepparam").write_text("using './a.bicep'\nparam a = [\n")
    assert seen(tree)[0].startswith("infra/a.bicepparam:")


@pytest.fixture
def compiler(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of `bicep`, the only one on the PATH besides the system's."""
    program = tree / "bicep"
    monkeypatch.setenv("PATH", f"{tree}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return program


def _says(program: Path, line: str, code: int = 0) -> None:
    program.write_text(f"#!/bin/sh\necho '{line}' >&2\nexit {code}\n")
    program.chmod(0o755)


def test_without_a_compiler_nothing_is_compiled(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree / "none"))
    assert compiled(tree) == []


def test_a_warning_of_the_compiler_counts(tree: Path, compiler: Path) -> None:
    _says(compiler, "/infra/main.bicep(3,7) : Warning no-unused-params: unused")
    assert [problem.path for problem in compiled(tree)] == COMPILED


def test_parameter_files_are_compiled_with_what_azd_would_give_them(tree: Path, compiler: Path) -> None:
    _says(compiler, "/a(1,1) : Error BCP338: '\"$1 $AZURE_ENV_NAME $AZURE_LOCATION\"'")
    said = [problem.text.partition("BCP338: ")[2] for problem in compiled(tree)]
    assert said == ["build check westeurope"] * 2 + ["build-params check westeurope"] * 2


def test_a_compiler_that_fails_counts_whatever_it_says(tree: Path, compiler: Path) -> None:
    _says(compiler, "no such file", 1)
    assert [problem.text for problem in compiled(tree)] == ["no such file"] * 4


def test_a_quiet_compiler_is_content(tree: Path, compiler: Path) -> None:
    _says(compiler, "")
    assert compiled(tree) == []


def test_make_lint_parses_the_templates() -> None:
    lint = (ROOT / "Makefile").read_text().split("\nlint:")[1].split("\n\n")[0]
    assert "-m tools.bicep" in lint
