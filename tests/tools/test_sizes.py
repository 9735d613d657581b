"""The check of sizes, on small trees: each limit is reached without complaint, and one more is an offence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.sizes import PRODUCT, TESTS, offences


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with every place that is checked, and nothing in them."""
    for place in PRODUCT + TESTS:
        path = tmp_path / place
        if path.suffix == ".py":
            path.touch()
        else:
            path.mkdir()
    return tmp_path


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def function(lines: int, name: str = "work") -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def seen(root: Path) -> list[str]:
    return [str(offence) for offence in offences(root)]


def test_a_small_tree_has_no_offence(tree: Path) -> None:
    write(tree / "shared/pools.py", "x = 1\n" * 300)
    write(tree / "shared/hosts.py", function(40))
    for n in range(20):
        write(tree / f"shared/planning/part_{n}.py")
    write(tree / "shared/planning/__init__.py")
    assert seen(tree) == []


@pytest.mark.parametrize(
    "name",
    [
        "shared/pools.py",
        "function_app.py",
        "bench/a.py",
        "local/setup.sh",
        "shared/a.ps1",
        "console/src/a.tsx",
        "console/vite.config.ts",
        "cli/freshcoat_cli/a.py",
    ],
)
def test_a_file_with_301_lines_is_an_offence(tree: Path, name: str) -> None:
    write(tree / name, "x = 1\n" * 301)
    assert seen(tree) == [f"{name}: lines: 301 (300)"]


def test_a_long_file_of_tests_or_of_data_is_none(tree: Path) -> None:
    write(tree / "tests/test_pools.py", "x = 1\n" * 301 + function(41))
    write(tree / "bench/results.json", "1\n" * 301)
    assert seen(tree) == []


@pytest.mark.parametrize(
    "name",
    ["console/node_modules/x/a.ts", "console/dist/assets/a.js", "console/src/schema.d.ts", "console/src/a.test.tsx"],
)
def test_what_is_installed_built_generated_or_a_test_of_the_console_is_none(tree: Path, name: str) -> None:
    write(tree / name, "1\n" * 301)
    assert seen(tree) == []


@pytest.mark.parametrize("start", ["def work():", "async def work():", "@decorated\ndef work():"])
def test_a_function_with_41_lines_is_an_offence(tree: Path, start: str) -> None:
    write(tree / "triggers/pools.py", f"{start}\n" + "    pass\n" * 40)
    assert seen(tree) == ["triggers/pools.py: lines of work: 41 (40)"]


def test_the_docstring_of_a_function_counts(tree: Path) -> None:
    write(tree / "triggers/pools.py", 'def work():\n    """One.\n\n    Two.\n    """\n' + "    pass\n" * 36)
    assert seen(tree) == ["triggers/pools.py: lines of work: 41 (40)"]


def test_a_method_and_a_nested_function_are_measured(tree: Path) -> None:
    nested = "def outer():\n" + "".join(f"    {line}\n" for line in function(41, "inner").splitlines())
    method = "class Pool:\n" + "".join(f"    {line}\n" for line in function(43, "method").splitlines())
    write(tree / "shared/pools.py", nested + method)
    assert seen(tree) == [
        "shared/pools.py: lines of method: 43 (40)",
        "shared/pools.py: lines of outer: 42 (40)",
        "shared/pools.py: lines of inner: 41 (40)",
    ]


@pytest.mark.parametrize("folder", ["shared", "shared/planning", "tests", "tests/http", "local/sim/core"])
def test_a_folder_with_21_python_files_is_an_offence(tree: Path, folder: str) -> None:
    for n in range(21):
        write(tree / folder / f"part_{n}.py")
    write(tree / folder / "deeper/other.py")
    assert seen(tree) == [f"{folder}: Python files: 21 (20)"]


def test_an_exception_covers_what_it_names_and_nothing_else(tree: Path) -> None:
    write(tree / "shared/pools.py", "x = 1\n" * 300 + function(41))
    accepted = frozenset({("shared/pools.py", "lines of work")})
    assert [str(o) for o in offences(tree, accepted)] == ["shared/pools.py: lines: 341 (300)"]


def test_a_place_that_is_gone_is_an_error(tree: Path) -> None:
    (tree / "orchestrators").rmdir()
    with pytest.raises(FileNotFoundError, match="orchestrators does not exist"):
        offences(tree)
