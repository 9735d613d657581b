"""Just enough of Terraform's language to know what the example sends: expressions, and types with defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import hcl2

_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>\d+)|(?P<name>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)|(?P<sign>=>|[!=]=|.))'
)
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Reference:
    """`each.value.title`, or a type like `string`."""

    name: str


@dataclass(frozen=True)
class Call:
    """`optional(string, "UTC")`, `jsonencode({…})`."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Filter:
    """`{ for name, value in SOURCE : name => value if value != null }`: what is not null."""

    source: Reference


def load(path: Path) -> Mapping[str, Any]:
    """A file as python-hcl2 reads it."""
    with path.open() as file:
        return hcl2.load(file)


def blocks(path: Path, kind: str, *labels: str) -> dict[str, dict[str, Any]]:
    """The blocks of a kind, by their last label."""
    found = {}
    for block in load(path).get(kind, []):
        inner = reduce(lambda within, label: within.get(f'"{label}"', {}), labels, block)
        found |= {name.strip('"'): body for name, body in inner.items()}
    return found


def parsed(value: Any) -> Any:
    """A value of python-hcl2 as a tree: its texts are literals in quotes, or expressions in `${…}`."""
    if isinstance(value, dict):
        return {name: parsed(one) for name, one in value.items() if not name.startswith("__")}
    if isinstance(value, list):
        return [parsed(one) for one in value]
    if not isinstance(value, str):
        return value
    return _Reader(value.removeprefix("${").removesuffix("}") if value.startswith("${") else value).read()


class _Reader:
    """Reads one expression."""

    def __init__(self, source: str) -> None:
        self.tokens = [(found.lastgroup, found.group().strip()) for found in _TOKEN.finditer(source)]

    def read(self) -> Any:
        kind, text = self.tokens.pop(0)
        if kind == "text":
            return text
        if kind == "number":
            return int(text)
        if kind == "name":
            if text in _WORDS:
                return _WORDS[text]
            return self._call(text) if self._next("(") else Reference(text)
        if text == "{":
            return self._filter() if self._next("for") else self._object()
        assert text == "[", f"{text} begins no expression that is known here"
        return self._list("]")

    def _next(self, text: str) -> bool:
        return bool(self.tokens) and self.tokens[0][1] == text

    def _take(self, *texts: str) -> None:
        for text in texts:
            assert self.tokens.pop(0)[1] == text

    def _list(self, end: str) -> list[Any]:
        found = []
        while not self._next(end):
            found.append(self.read())
            if self._next(","):
                self._take(",")
        self._take(end)
        return found

    def _call(self, name: str) -> Call:
        self._take("(")
        return Call(name, tuple(self._list(")")))

    def _object(self) -> dict[str, Any]:
        found = {}
        while not self._next("}"):
            name = self.tokens.pop(0)[1].strip('"')
            self._take("=")
            found[name] = self.read()
            if self._next(","):
                self._take(",")
        self._take("}")
        return found

    def _filter(self) -> Filter:
        self._take("for", "name", ",", "value", "in")
        source = self.read()
        self._take(":", "name", "=>", "value", "if", "value", "!=", "null", "}")
        return Filter(source)


def typed(type_: Any, value: Any) -> Any:
    """A value as Terraform converts it to its type: with the defaults of what it leaves out."""
    match type_:
        case Call("optional", (inner, *default)):
            return typed(inner, value) if value is not None else _constant(typed(inner, *default) if default else None)
        case Call("map", (inner,)):
            return {name: typed(inner, one) for name, one in value.items()}
        case Call("list", (inner,)):
            return [typed(inner, one) for one in value]
        case Call("object", (fields,)):
            assert not set(value) - set(fields), f"unknown: {set(value) - set(fields)}"
            return {name: typed(one, value.get(name)) for name, one in fields.items()}
    assert value is not None, "it must be given"
    return _constant(value)


def _constant(value: Any) -> Any:
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


def evaluated(tree: Any, names: Mapping[str, Any]) -> Any:
    """An expression, with these names known."""
    match tree:
        case dict():
            return {name: evaluated(one, names) for name, one in tree.items()}
        case list():
            return [evaluated(one, names) for one in tree]
        case Reference(name):
            return _looked_up(name, names)
        case Filter(source):
            return {name: one for name, one in _looked_up(source.name, names).items() if one is not None}
        case Call("jsonencode", (inner,)):
            return evaluated(inner, names)
        case str():
            return re.sub(r"\${([\w.]+)}", lambda found: str(_looked_up(found[1], names)), tree[1:-1])
    return tree


def _looked_up(path: str, names: Mapping[str, Any]) -> Any:
    found: Any = names
    for name in path.split("."):
        found = found[name]
    return found
