"""Parses every PowerShell script and module here. `make lint` runs it: `python -m tools.powershell`.

They run inside VMs and at users' desks only, so nothing else here would notice a missing bracket. Only the syntax is
checked: the grammar is that of tree-sitter, not of PowerShell itself, and whether a command exists is not known.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from tools.syntax import Problem, unparsed

SOURCES = ("shared", "local", "tools", "docs", "examples")


def problems(root: Path) -> list[Problem]:
    """Every place under `root` that cannot be parsed, by path and line."""
    scripts = (path for place in SOURCES for path in sorted((root / place).rglob("*.ps*1")))
    return [
        problem
        for path in scripts
        for problem in unparsed(path.relative_to(root).as_posix(), syntax_tree(path.read_bytes()), "PowerShell")
    ]


def syntax_tree(source: bytes) -> Node:
    """The root of a script's syntax tree."""
    return Parser(Language(tree_sitter_powershell.language())).parse(source).root_node


def main() -> int:
    """Print every problem; the exit code is 1 when there is one."""
    found = problems(Path(__file__).parent.parent)
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
