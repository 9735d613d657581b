"""Parses route templates such as ``pools/{name:alpha}/{*rest}`` by the rules of ASP.NET Core."""

import itertools
import re
from dataclasses import dataclass

from local.host.route_constraints import Check, check

_PARAMETER = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>[^*?:=/{}]+)(?P<constraints>(?::[^:=(]*(?:\(.*?\)(?=[:=]|$))?)*)(?P<default>=.*)?",
    re.DOTALL,
)
_CONSTRAINT = re.compile(r":([^:=(]*(?:\(.*?\)(?=[:=]|$))?)", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """One parameter. ``optional`` also holds for a catch-all one and one with a default."""

    name: str
    checks: tuple[Check, ...]
    default: str | None
    catch_all: bool
    optional: bool

    def accepts(self, value: str | None) -> bool:
        """Whether the value, or its default, keeps all constraints. A missing value only fails a catch-all one's."""
        text = self.default if value is None else value
        if text is None:
            return not (self.catch_all and self.checks)
        return all(check(text) for check in self.checks)


type Segment = list[str | Parameter]
"""The literal texts and the parameters between two slashes."""


def parse(template: str) -> list[Segment]:
    """The segments of a template. Raises ValueError, with the reason, for one that ASP.NET refuses too."""
    segments: list[Segment] = [[]]
    literal, position = "", 0
    while position < len(template):
        two = template[position : position + 2]
        if two in ("{{", "}}"):
            literal, position = literal + two[0], position + 2
        elif two[0] == "{":
            text, position = _inside(template, position + 1)
            segments[-1] += [part for part in (literal, _parameter(text)) if part]
            literal = ""
        elif two[0] == "}":
            raise ValueError("a brace is closed that was not opened")
        elif two[0] == "/":
            segments[-1] += [literal] if literal else []
            segments.append([])
            literal, position = "", position + 1
        else:
            literal, position = literal + two[0], position + 1
    segments[-1] += [literal] if literal else []
    found = [segment for segment in segments if segment]
    _examine(found)
    return found


def _inside(template: str, position: int) -> tuple[str, int]:
    """The text of a parameter up to its closing brace, and the position after it. Doubled braces are single ones."""
    text = ""
    while position < len(template):
        two = template[position : position + 2]
        if two in ("{{", "}}"):
            text, position = text + two[0], position + 2
        elif two[0] == "}":
            return text, position + 1
        elif two[0] == "{":
            break
        else:
            text, position = text + two[0], position + 1
    raise ValueError("a brace is not closed; a brace inside a parameter is written twice")


def _parameter(text: str) -> Parameter:
    optional = text.endswith("?")
    match = _PARAMETER.fullmatch(text.removesuffix("?"))
    if match is None:
        raise ValueError(f"{{{text}}} is not a parameter")
    default = match["default"][1:] if match["default"] else None
    if optional and (default is not None or match["stars"]):
        raise ValueError(f"{{{text}}} cannot be optional")
    checks = tuple(check(found) for found in _CONSTRAINT.findall(match["constraints"]) if found)
    catch_all = bool(match["stars"])
    return Parameter(match["name"], checks, default, catch_all, optional or catch_all or default is not None)


def _examine(segments: list[Segment]) -> None:
    names = [part.name.lower() for segment in segments for part in segment if isinstance(part, Parameter)]
    if len(set(names)) < len(names):
        raise ValueError("a parameter appears twice")
    for number, segment in enumerate(segments, 1):
        catch_all = any(isinstance(part, Parameter) and part.catch_all for part in segment)
        if catch_all and (number < len(segments) or len(segment) > 1):
            raise ValueError("a catch-all parameter must be the last segment")
        for left, right in itertools.pairwise(segment):
            if isinstance(left, Parameter) and isinstance(right, Parameter):
                raise ValueError("two parameters need a literal between them")
