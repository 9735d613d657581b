"""Matches HTTP route templates by the rules of ASP.NET Core."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from local.host.function import AppError, Function

_PARAMETER = re.compile(r"\{(\*{0,2})(\w[\w-]*)((?::[^{}:=?]+)*)(=[^{}]*)?(\?)?\}")
_CONSTRAINTS = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "float": r"-?\d+(?:\.\d+)?",
    "double": r"-?\d+(?:\.\d+)?",
    "decimal": r"-?\d+(?:\.\d+)?",
    "bool": r"(?:true|false)",
    "alpha": r"[a-z]+",
    "guid": r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}",
}
_LITERAL, _CONSTRAINED, _PLAIN, _CATCH_ALL = 1, 2, 3, 5


@dataclass(frozen=True)
class Route:
    """One function's route template. ``order`` is ASP.NET's precedence: lower values are tried first."""

    function: Function
    template: str
    methods: frozenset[str]
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    defaults: dict[str, str] = field(hash=False)
    order: tuple[int, ...]

    def accepts(self, method: str) -> bool:
        """Whether the route serves the method. An empty list means all methods, and GET includes HEAD."""
        return not self.methods or method in self.methods or (method == "HEAD" and "GET" in self.methods)


class RouteTable:
    """All HTTP routes of an app, most specific first."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        http = [function for function in functions if function.kind == "httpTrigger"]
        self.routes = sorted((_route(function, prefix) for function in http), key=lambda route: route.order)

    def match(self, method: str, path: str) -> tuple[Function, dict[str, str]] | None:
        """The function for ``path`` with its route parameters, or None."""
        wanted = f"/{path.strip('/')}".removesuffix("/")
        for route in self.routes:
            found = route.pattern.fullmatch(wanted)
            if found and route.accepts(method):
                given = {name: found[f"p{index}"] for index, name in enumerate(route.names)}
                return route.function, route.defaults | {k: v for k, v in given.items() if v is not None}
        return None


def _route(function: Function, prefix: str) -> Route:
    own = function.trigger.get("route")
    template = "/".join(part for part in (prefix, (function.name if own is None else str(own)).strip("/")) if part)
    methods = frozenset(str(getattr(item, "value", item)).upper() for item in function.trigger.get("methods") or ())
    names: list[str] = []
    defaults: dict[str, str] = {}
    segments = [_segment(part, names, defaults, function.name) for part in template.split("/") if part]
    pattern = re.compile("".join(text for text, _ in segments), re.IGNORECASE | re.DOTALL)
    order = tuple(rank for _, rank in segments)
    return Route(function, template, methods, pattern, tuple(names), defaults, order)


def _segment(segment: str, names: list[str], defaults: dict[str, str], function: str) -> tuple[str, int]:
    """The pattern of one segment, including its leading slash, and its precedence."""
    rank, text, position, optional = _LITERAL, "", 0, False
    for found in _PARAMETER.finditer(segment):
        stars, name, constraints, default, question = found.groups()
        text += re.escape(segment[position : found.start()])
        text += f"(?P<p{len(names)}>{_value(stars, constraints, function)})"
        names.append(name)
        if default:
            defaults[name] = default[1:]
        optional = bool(stars or default or question)
        rank = _CATCH_ALL - bool(constraints) if stars else (_CONSTRAINED if constraints else _PLAIN)
        position = found.end()
    text += re.escape(segment[position:])
    if rank == _PLAIN and not _PARAMETER.fullmatch(segment):
        rank = _CONSTRAINED
    return (f"(?:/{text})?" if optional else f"/{text}"), rank


def _value(stars: str, constraints: str, function: str) -> str:
    pattern = ".*" if stars else "[^/]+?"
    for constraint in filter(None, constraints.split(":")):
        if constraint not in _CONSTRAINTS:
            raise AppError(f"function {function}: route constraint {constraint!r} is not supported")
        pattern = _CONSTRAINTS[constraint]
    return pattern
