"""Places that a tree-sitter grammar cannot parse: what the checks of PowerShell and of Bicep have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node


@dataclass(frozen=True)
class Problem:
    """A place in a file that is wrong."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def unparsed(path: str, root: Node, language: str) -> Iterator[Problem]:
    """Every place of a syntax tree that is not of the language, in the order of the file."""
    for node in _broken(root):
        words = f"{node.type} is missing" if node.is_missing else " ".join((node.text or b"").decode().split())[:60]
        yield Problem(path, node.start_point.row + 1, f"not {language}: {words}")


def _broken(node: Node) -> Iterator[Node]:
    if node.is_error or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from _broken(child)
