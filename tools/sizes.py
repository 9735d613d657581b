"""Checks that files, functions and folders stay small. `make lint` runs it: `python -m tools.sizes`.

- A file of the product has at most 300 lines: Python, shell, PowerShell, TypeScript and the console's scripts.
- A function of the product has at most 40 lines, from its `def` to its last line. The docstring counts, decorators do
  not. A nested function counts as part of the function around it, and is also measured by itself.
- A folder of the product or of the tests has at most 20 Python files. `__init__.py` and subfolders do not count.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

APP = ("function_app.py", "shared", "orchestrators", "activities", "triggers")
PRODUCT = (*APP, "local", "bench", "tools", "console", "cli", "infra")
TESTS = ("tests",)

FILE_LIMIT = 300
FUNCTION_LIMIT = 40
FOLDER_LIMIT = 20

CODE = (".py", ".sh", ".ps1", ".ts", ".tsx", ".js", ".mjs")
TEST_ENDS = (".test.ts", ".test.tsx")
"""The console's tests stand beside what they test."""
NOT_OURS = ("node_modules", "dist", "schema.d.ts")
"""Installed, built or generated: folders and files by these names are not looked into."""

EXCEPTIONS: frozenset[tuple[str, str]] = frozenset()
"""Offences that are accepted, as (path, what): `("shared/ports.py", "lines")`. Say why in a comment beside it."""


@dataclass(frozen=True)
class Offence:
    """A file, a function or a folder that is larger than its limit."""

    path: str
    what: str
    size: int
    limit: int

    def __str__(self) -> str:
        return f"{self.path}: {self.what}: {self.size} ({self.limit})"


def offences(root: Path, exceptions: frozenset[tuple[str, str]] = EXCEPTIONS) -> list[Offence]:
    """Everything under `root` that is too large, by path."""
    found = [*_large_files(root), *_large_functions(root), *_large_folders(root)]
    return sorted((o for o in found if (o.path, o.what) not in exceptions), key=lambda o: (o.path, -o.size))


def _large_files(root: Path) -> Iterator[Offence]:
    for path in _files(root, PRODUCT):
        lines = len(path.read_text().splitlines())
        if lines > FILE_LIMIT:
            yield Offence(path.relative_to(root).as_posix(), "lines", lines, FILE_LIMIT)


def _large_functions(root: Path) -> Iterator[Offence]:
    for path in _files(root, PRODUCT):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LIMIT:
                what = f"lines of {node.name}"
                yield Offence(path.relative_to(root).as_posix(), what, lines, FUNCTION_LIMIT)


def _large_folders(root: Path) -> Iterator[Offence]:
    counts: dict[str, int] = {}
    for path in _files(root, PRODUCT + TESTS):
        if path.suffix == ".py" and path.name != "__init__.py" and path.parent != root:
            folder = path.parent.relative_to(root).as_posix()
            counts[folder] = counts.get(folder, 0) + 1
    for folder, count in counts.items():
        if count > FOLDER_LIMIT:
            yield Offence(folder, "Python files", count, FOLDER_LIMIT)


def _files(root: Path, places: tuple[str, ...]) -> Iterator[Path]:
    """Every file of code in these places. A place that is gone is an error: the check must not pass by looking away."""
    for place in places:
        top = root / place
        if not top.exists():
            raise FileNotFoundError(f"sizes: {place} does not exist; correct the list in tools/sizes.py")
        files = [top] if top.is_file() else sorted(_below(top))
        yield from (path for path in files if path.suffix in CODE and not path.name.endswith(TEST_ENDS))


def _below(top: Path) -> Iterator[Path]:
    for folder, folders, files in top.walk():
        folders[:] = [name for name in folders if name not in NOT_OURS]
        yield from (folder / name for name in files if name not in NOT_OURS)


def main() -> int:
    """Print every offence; the exit code is 1 when there is one."""
    found = offences(Path(__file__).parent.parent)
    for offence in found:
        print(offence)
    if found:
        print(f"sizes: {len(found)} too large; the limit is in parentheses")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
