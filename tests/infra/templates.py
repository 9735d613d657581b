"""Templates as their syntax trees: parameters, resources, modules, outputs, and the members of objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tree_sitter import Node

from tools.bicep import syntax_tree

INFRA = Path(__file__).parents[2] / "infra"


def text(node: Node | None) -> str:
    """A node's source; the text of a string without its quotes."""
    source = (node.text or b"").decode() if node else ""
    return source[1:-1] if node and node.type == "string" else source


def nodes(node: Node, *kinds: str) -> Iterator[Node]:
    """Every node of these kinds, from the top to the bottom."""
    if node.is_named and node.type in kinds:
        yield node
    for child in node.children:
        yield from nodes(child, *kinds)


def members(node: Node | None) -> dict[str, Node]:
    """The members of the first object in a node that has any, by name: in `condition ? {} : {...}` the second one."""
    for found in nodes(node, "object") if node else ():
        if pairs := [child for child in found.named_children if child.type == "object_property"]:
            return {text(pair.named_children[0]): pair.named_children[-1] for pair in pairs}
    return {}


@dataclass(frozen=True)
class Declared:
    """A resource, a module or another declaration: its symbol, its type or path, and its members."""

    symbol: str
    of: str
    node: Node

    @cached_property
    def members(self) -> dict[str, Node]:
        """Members of the body."""
        return members(self.node)

    def __getitem__(self, path: str) -> Node:
        """The member at a path such as `properties/sku`."""
        found: Node = self.node
        for name in path.split("/"):
            found = members(found)[name]
        return found


class Template:
    """One template by its path in infra/."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = syntax_tree(INFRA / name)

    def declared(self, kind: str) -> list[Declared]:
        """All declarations of a kind, such as `resource` or `module`, nested ones too."""
        found = nodes(self.root, f"{kind}_declaration")
        return [Declared(_symbol(node), text(next(nodes(node, "string"), None)), node) for node in found]

    @property
    def parameters(self) -> dict[str, bool]:
        """The parameters by name: whether they have a default."""
        found = nodes(self.root, "parameter_declaration")
        return {_symbol(node): any(child.type == "=" for child in node.children) for node in found}

    @property
    def outputs(self) -> set[str]:
        """Names of the outputs."""
        return {_symbol(node) for node in nodes(self.root, "output_declaration")}

    def variable(self, name: str) -> Node:
        """The declaration of a variable."""
        return next(node for node in nodes(self.root, "variable_declaration") if _symbol(node) == name)


def templates() -> list[str]:
    """Every template, by its path in infra/."""
    return sorted(path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*.bicep"))


def _symbol(node: Node) -> str:
    return text(next(child for child in node.children if child.type == "identifier"))
