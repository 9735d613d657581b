"""The check of the PowerShell scripts: what parses passes, and each broken place is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.powershell import problems

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path


def seen(root: Path) -> list[str]:
    return [str(problem) for problem in problems(root)]


def test_the_scripts_of_the_product_parse() -> None:
    assert seen(ROOT) == []


def test_the_scripts_for_hosts_are_among_them(tree: Path) -> None:
    (tree / "docs/scripts").mkdir(parents=True)
    (tree / "docs/scripts/a.ps1").write_text("if ($a {\n")
    assert seen(tree)


@pytest.mark.parametrize("name", ["a.psm1", "a.psd1"])
def test_modules_and_their_manifests_are_too(tree: Path, name: str) -> None:
    (tree / "examples").mkdir()
    (tree / "examples" / name).write_text("@{ RootModule = 'a'\n")
    assert seen(tree)


def test_a_script_that_parses_has_no_problem(tree: Path) -> None:
    (tree / "shared/a.ps1").write_text("param([string] $Name = '')\ntry { Write-Output $Name } catch { exit 1 }\n")
    assert seen(tree) == []


@pytest.mark.parametrize("line", ["if ($a -eq 1 { exit 1 }", "foreach ($b in 1, 2) { $b ) }", "$a = @('x', 'y'"])
def test_a_broken_script_is_named_with_its_line(tree: Path, line: str) -> None:
    (tree / "shared/a.ps1").write_text(f"$a = 1\n{line}\n")
    found = seen(tree)
    assert found
    assert all(problem.startswith(("shared/a.ps1:2: not PowerShell: ", "shared/a.ps1:3:")) for problem in found)


def test_make_lint_parses_the_scripts() -> None:
    makefile = (ROOT / "Makefile").read_text()
    lint = makefile.split("\nlint:")[1].split("\n\n")[0]
    assert "-m tools.powershell" in lint
