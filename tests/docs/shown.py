"""Answers as the pages show them: JSON with `…` for what is left out, and `~3` for a number that differs each time.

`{"a":1,…}` may have further members, `{"a":1}` has none. In a list `…` stands for any number of items, in a text for
any characters, and in place of a value for any value. Ids, moments and dates are compared by form. An id that a page
shows twice must be the same id in both answers.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any


class NotAsShown(AssertionError):
    """An answer that differs from the shown one; the text says where and how."""


class BadAnswer(Exception):
    """A shown answer that cannot be read."""


@dataclass(frozen=True)
class Gap:
    """`…`: whatever is there."""


@dataclass(frozen=True)
class About:
    """`~3`: some number."""


@dataclass(frozen=True)
class Members:
    """An object, and whether it may have members that are not shown."""

    shown: dict[str, Any]
    open: bool


_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(~?-?\d+(?:\.\d+)?)|(true|false|null)|([{}\[\]:,…]))')
_ID = r"\d{13}-[0-9a-f]{4}"
_MOMENT = r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"
_VARYING = re.compile(f"(?P<id>{_ID})|(?P<moment>{_MOMENT})|(?P<gap>…)")
_FORMS = {"id": f"({_ID})", "moment": _MOMENT, "gap": ".*"}


def read(text: str) -> Any:
    """The shown answer as a pattern. Raises BadAnswer."""
    tokens = _Tokens(text)
    pattern = _value(tokens)
    tokens.expect("")
    return pattern


def last_json(output: str) -> Any:
    """The last of the JSON documents that a command printed. Raises NotAsShown when it printed something else."""
    decoder, at, found = json.JSONDecoder(), 0, None
    text = output.strip()
    while at < len(text):
        try:
            found, at = decoder.raw_decode(text, at)
        except ValueError as error:
            raise NotAsShown(f"the command printed no JSON: {text[at : at + 200]!r}") from error
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


@dataclass
class _Tokens:
    text: str
    at: int = 0

    def peek(self) -> str:
        found = _TOKEN.match(self.text, self.at)
        if found:
            return found.group().strip()
        if self.text[self.at :].strip():
            raise BadAnswer(f"cannot read from here: {self.text[self.at : self.at + 40]!r}")
        return ""

    def take(self) -> str:
        token = self.peek()
        found = _TOKEN.match(self.text, self.at)
        self.at = found.end() if found else len(self.text)
        return token

    def expect(self, token: str) -> None:
        if (found := self.take()) != token:
            raise BadAnswer(f"{token or 'the end'!r} is expected, not {found!r}, before {self.text[self.at :][:40]!r}")


def _value(tokens: _Tokens) -> Any:
    token = tokens.take()
    if token == "{":
        return _members(tokens)
    if token == "[":
        return _items(tokens)
    if token == "…":
        return Gap()
    if token.startswith("~"):
        return About()
    if not token or token in "}]:,":
        raise BadAnswer(f"a value is expected, not {token!r}, before {tokens.text[tokens.at :][:40]!r}")
    return json.loads(token)


def _members(tokens: _Tokens) -> Members:
    shown: dict[str, Any] = {}
    left_out = False
    while tokens.peek() != "}":
        if tokens.peek() == "…":
            tokens.take()
            left_out = True
        else:
            name = _name(tokens.take())
            tokens.expect(":")
            if name in shown:
                raise BadAnswer(f"{name!r} is shown twice")
            shown[name] = _value(tokens)
        if tokens.peek() != "}":
            tokens.expect(",")
    tokens.expect("}")
    return Members(shown, left_out)


def _name(token: str) -> str:
    if not token.startswith('"'):
        raise BadAnswer(f"a name in quotes is expected, not {token!r}")
    return str(json.loads(token))


def _items(tokens: _Tokens) -> list[Any]:
    shown: list[Any] = []
    while tokens.peek() != "]":
        shown.append(_value(tokens))
        if tokens.peek() != "]":
            tokens.expect(",")
    tokens.expect("]")
    return shown


@dataclass
class Comparison:
    """Compares the answers of one page, and remembers which id stands for which."""

    ids: dict[str, str] = field(default_factory=dict)

    def compare(self, shown: Any, real: Any, at: str = "answer") -> None:
        """Raises NotAsShown at the first difference."""
        match shown:
            case Gap():
                return
            case About():
                self._demand(isinstance(real, int | float) and not isinstance(real, bool), at, "a number", real)
            case Members():
                self._object(shown, real, at)
            case list():
                self._demand(isinstance(real, list), at, "a list", real)
                self._list(shown, real, at)
            case str():
                self._demand(isinstance(real, str), at, repr(shown), real)
                self._text(shown, real, at)
            case _:
                self._demand(type(shown) is type(real) and shown == real, at, json.dumps(shown), real)

    def _object(self, shown: Members, real: Any, at: str) -> None:
        self._demand(isinstance(real, dict), at, "an object", real)
        for name, value in shown.shown.items():
            self._demand(name in real, at, f"a member {name!r}", sorted(real))
            self.compare(value, real[name], f"{at}.{name}")
        further = sorted(set(real) - set(shown.shown))
        self._demand(shown.open or not further, at, "no further members", further)

    def _list(self, shown: list[Any], real: list[Any], at: str) -> None:
        """Items one by one; after a `…` the first place from which all that is shown next follows."""
        if Gap() not in shown:
            self._demand(len(shown) == len(real), at, f"{len(shown)} items", f"{len(real)} items")
            for number, (one, other) in enumerate(zip(shown, real, strict=True)):
                self.compare(one, other, f"{at}[{number}]")
            return
        first = shown.index(Gap())
        self._demand(len(real) >= first, at, f"at least {first} items", f"{len(real)} items")
        for number in range(first):
            self.compare(shown[number], real[number], f"{at}[{number}]")
        rest = shown[first + 1 :]
        problem: NotAsShown | None = None
        for begin in range(first, len(real) + 1) if rest else ():
            known = dict(self.ids)
            try:
                self._list(rest, real[begin:], f"{at}[{begin}:]")
            except NotAsShown as error:
                self.ids, problem = known, problem or error
            else:
                return
        if problem:
            raise problem

    def _text(self, shown: str, real: str, at: str) -> None:
        """Letter by letter, but for ids, moments and what is left out."""
        pattern, names, end = "", [], 0
        for varying in _VARYING.finditer(shown):
            pattern += re.escape(shown[end : varying.start()]) + _FORMS[str(varying.lastgroup)]
            names += [varying.group()] if varying.lastgroup == "id" else []
            end = varying.end()
        found = re.fullmatch(pattern + re.escape(shown[end:]), real, re.DOTALL)
        self._demand(found is not None, at, repr(shown), real)
        for name, real_id in zip(names, found.groups() if found else (), strict=True):
            known = self.ids.setdefault(name, real_id)
            self._demand(known == real_id, at, f"{name} for {known}, as before", real_id)

    @staticmethod
    def _demand(holds: bool, at: str, shown: str, real: Any) -> None:
        if not holds:
            raise NotAsShown(f"{at}: shown is {shown}, the app answered {json.dumps(real, ensure_ascii=False)}")
