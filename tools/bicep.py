"""Parses the templates in infra/. `make lint` runs it: `python -m tools.bicep`.

The grammar is that of tree-sitter, not of Bicep itself: it finds a missing bracket, and knows no types. Where there is
a `bicep` on the PATH, it compiles and lints the templates and their parameter files as well, and a warning counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tools.syntax import Problem, unparsed

ROOTS = ("main.bicep", "rights.bicep")
"""The templates that are deployed; they use all others."""

_COMMANDS = [("build", name) for name in ROOTS] + [("build-params", f"{name}param") for name in ROOTS]
_ENVIRONMENT = {
    "AZURE_ENV_NAME": "check",
    "AZURE_LOCATION": "westeurope",
    "FRESHCOAT_IDENTITY_PRINCIPAL": "00000000-0000-4000-8000-000000000000",
}
"""What the parameter files cannot be compiled without."""

_EXTENSION = re.compile(rb"^extension \w+$", re.MULTILINE)
"""Newer than the grammar: taken away before parsing."""
_VALUE = re.compile(rb"^param (\w+) =", re.MULTILINE)
"""A parameter file gives values without types, which the grammar does not know: a type is put there."""


def syntax_tree(path: Path) -> Node:
    """The root of a template's syntax tree; its lines are those of the file."""
    source = _EXTENSION.sub(b"", path.read_bytes())
    if path.suffix == ".bicepparam":
        source = _VALUE.sub(rb"param \1 any =", source)
    return Parser(Language(tree_sitter_bicep.language())).parse(source).root_node


def problems(root: Path) -> list[Problem]:
    """Every place under `root` that cannot be parsed, by path and line."""
    found = sorted((root / "infra").rglob("*.bicep*"))
    return [
        problem
        for path in found
        if path.suffix in {".bicep", ".bicepparam"}
        for problem in unparsed(path.relative_to(root).as_posix(), syntax_tree(path), "Bicep")
    ]


def compiled(root: Path) -> list[Problem]:
    """What Bicep's own compiler and linter say; nothing where there is no `bicep` on the PATH."""
    bicep = shutil.which("bicep")
    return [problem for command, name in _COMMANDS for problem in _compile(bicep, command, root, name)] if bicep else []


def _compile(bicep: str, command: str, root: Path, name: str) -> Iterator[Problem]:
    ran = subprocess.run(
        [bicep, command, str(root / "infra" / name), "--stdout"],
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in ran.stderr.splitlines() if re.search(r" : (Error|Warning) ", line)]
    yield from (Problem(f"infra/{name}", 1, line) for line in said)
    if ran.returncode and not said:
        yield Problem(f"infra/{name}", 1, ran.stderr.strip() or f"bicep ended with {ran.returncode}")


def main() -> int:
    """Print every problem; the exit code is 1 when there is one."""
    root = Path(__file__).parent.parent
    found = problems(root) or compiled(root)
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
