"""What the functions of the PowerShell module send and read, found in their syntax trees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Node

from tools.powershell import syntax_tree

FOLDER = Path(__file__).parents[2] / "examples/powershell/Freshcoat"
SENDERS = {"Invoke-FreshcoatRequest": "", "Get-FreshcoatItem": "GET"}


@dataclass(frozen=True)
class Call:
    """A request: `path` has `{}` where a value goes in."""

    method: str
    path: str
    query: frozenset[str]
    body: frozenset[str]


@dataclass(frozen=True)
class Function:
    """A function of the module."""

    name: str
    text: str
    node: Node

    @property
    def parameters(self) -> set[str]:
        """Names of its parameters."""
        found = {
            _text(one).lstrip("$") for node in _all(self.node, "script_parameter") for one in _all(node, "variable")
        }
        return found - {"true", "false", "env:FRESHCOAT_URL"}

    @property
    def help(self) -> str:
        """Its comment-based help."""
        return self.text.partition("<#")[2].partition("#>")[0]

    @property
    def calls(self) -> list[Call]:
        """The requests that it makes itself."""
        return [found for node in _all(self.node, "command") if (found := self._call(node))]

    @property
    def reads(self) -> set[str]:
        """Fields of answers that it reads. They are written small; the members of .NET begin with a capital."""
        read = set()
        for node in _all(self.node, "member_access"):
            name = _text(next(_all(node, "member_name")))
            owner = _text(node).partition(".")[0]
            if name[0].islower() and owner != "$body":
                read.add(name)
        return read

    @property
    def hash_keys(self) -> set[str]:
        """Keys of all hash tables in it."""
        return {_text(one) for one in _all(self.node, "key_expression")}

    def _call(self, command: Node) -> Call | None:
        name = next((_text(one) for one in _all(command, "command_name")), "")
        if name not in SENDERS:
            return None
        given: dict[str, Node] = {}
        parameter = ""
        for node in next(_all(command, "command_elements")).children:
            if node.type == "command_parameter":
                parameter = _text(node)
            elif node.type != "command_argument_sep" and parameter:
                given[parameter] = node
        if "-Path" not in given or _text(given["-Path"]) == "$Path":
            return None
        method = _text(given["-Method"]) if "-Method" in given else SENDERS[name]
        return Call(method, self._path(given["-Path"]), self._keys(given.get("-Query")), self._keys(given.get("-Body")))

    def _path(self, node: Node) -> str:
        text = _text(self._assigned(node)).strip("'\"")
        text = re.sub(r"\$\((?:[^()]|\([^()]*\))*\)", "{}", text)
        return re.sub(r"\$\w+", "{}", text)

    def _keys(self, node: Node | None) -> frozenset[str]:
        if node is None:
            return frozenset()
        found = {_text(one) for one in _all(self._assigned(node), "key_expression")}
        if _text(node).startswith("$"):
            name = re.escape(_text(node))
            found |= set(re.findall(rf"{name}(?:\.|\[')(\w+)(?:'\])? =", self.text))
        return frozenset(found)

    def _assigned(self, node: Node) -> Node:
        """What a variable was given first, or the value itself."""
        if not _text(node).startswith("$"):
            return node
        for one in _all(self.node, "assignment_expression"):
            if _text(one.children[0]) == _text(node):
                return one.children[-1]
        raise AssertionError(f"{self.name}: {_text(node)} is not assigned")


def functions() -> dict[str, Function]:
    """Every function of the module, by name."""
    found = {}
    for path in sorted(FOLDER.glob("*.ps1")):
        for node in _all(syntax_tree(path.read_bytes()), "function_statement"):
            name = _text(next(_all(node, "function_name")))
            found[name] = Function(name, _text(node), node)
    return found


def _all(node: Node, kind: str) -> Iterator[Node]:
    """Nodes of a kind below this one, in the order of the source."""
    for child in node.children:
        if child.type == kind:
            yield child
        yield from _all(child, kind)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
