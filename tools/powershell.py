"""Parses every PowerShell script and module here. `make lint` runs it: `python -m tools.powershell`.

They run inside VMs and at users' desks only, so nothing else here would notice a missing bracket. Only the syntax is
checked: the grammar is that of tree-sitter, not of PowerShell itself, and whether a command exists is not known.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

SOURCES = ("shared", "local", "tools", "docs", "examples")


@dataclass(frozen=True)
class SyntaxProblem:
    """A place in a script that cannot be parsed."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: not PowerShell: {self.text}"


def problems(root: Path) -> list[SyntaxProblem]:
    """Every place under `root` that cannot be parsed, by path and line."""
    scripts = (path for place in SOURCES for path in sorted((root / place).rglob("*.ps*1")))
    return [found for path in scripts for found in _problems_of(path, path.relative_to(root).as_posix())]


def syntax_tree(source: bytes) -> Node:
    """The root of a script's syntax tree."""
    return Parser(Language(tree_sitter_powershell.language())).parse(source).root_node


def _problems_of(path: Path, name: str) -> Iterator[SyntaxProblem]:
    for node in _broken(syntax_tree(path.read_bytes())):
        words = f"{node.type} is missing" if node.is_missing else " ".join((node.text or b"").decode().split())[:60]
        yield SyntaxProblem(name, node.start_point.row + 1, words)


def _broken(node: Node) -> Iterator[Node]:
    if node.is_error or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from _broken(child)


def main() -> int:
    """Print every problem; the exit code is 1 when there is one."""
    found = problems(Path(__file__).parent.parent)
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
