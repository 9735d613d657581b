"""Matches HTTP route templates by the rules of ASP.NET Core."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.host.function import AppError, Function
from local.host.templates import Parameter, Segment, parse

_LITERAL, _CONSTRAINED, _PLAIN, _CATCH_ALL = 1, 2, 3, 5


@dataclass(frozen=True)
class Route:
    """One function's route template. ``order`` is ASP.NET's precedence: lower values are tried first."""

    function: Function
    template: str
    methods: frozenset[str]
    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    order: tuple[int, ...]

    def accepts(self, method: str) -> bool:
        """Whether the route serves the method. An empty list means all methods, and GET includes HEAD."""
        return not self.methods or method in self.methods or (method == "HEAD" and "GET" in self.methods)

    def values(self, path: str) -> dict[str, str] | None:
        """The route parameters in ``path``, or None when it does not match."""
        found = self.pattern.fullmatch(path)
        given = {part.name: found[f"p{number}"] for number, part in enumerate(self.parameters)} if found else {}
        if not found or not all(part.accepts(given[part.name]) for part in self.parameters):
            return None
        defaults = {part.name: part.default for part in self.parameters}
        return {name: text for name, value in given.items() if (text := value or defaults[name]) is not None}


class RouteTable:
    """All HTTP routes of an app, most specific first."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        http = [function for function in functions if function.kind == "httpTrigger"]
        self.routes = sorted((_route(function, prefix) for function in http), key=lambda route: route.order)

    def match(self, method: str, path: str) -> tuple[Function, dict[str, str]] | None:
        """The function for ``path`` with its route parameters, or None."""
        wanted = f"/{path.strip('/')}".removesuffix("/")
        for route in self.routes:
            values = route.values(wanted) if route.accepts(method) else None
            if values is not None:
                return route.function, values
        return None


def _route(function: Function, prefix: str) -> Route:
    own = str(function.trigger.get("route") or function.name).strip("/")
    template = "/".join(part for part in (prefix, own) if part)
    try:
        segments = parse(template)
    except ValueError as error:
        raise AppError(f"function {function.name}: the route {own!r} is not valid: {error}") from error
    methods = frozenset(str(getattr(item, "value", item)).upper() for item in function.trigger.get("methods") or ())
    parameters = tuple(part for segment in segments for part in segment if isinstance(part, Parameter))
    numbers = {part.name: number for number, part in enumerate(parameters)}
    pattern = re.compile("".join(_pattern(segment, numbers) for segment in segments), re.IGNORECASE | re.DOTALL)
    return Route(function, template, methods, pattern, parameters, tuple(_rank(segment) for segment in segments))


def _rank(segment: Segment) -> int:
    if len(segment) > 1:
        return _CONSTRAINED
    (part,) = segment
    if isinstance(part, str):
        return _LITERAL
    rank = _CATCH_ALL if part.catch_all else _PLAIN
    return rank - bool(part.checks)


def _pattern(segment: Segment, numbers: dict[str, int]) -> str:
    """The pattern of one segment, including its leading slash. ASP.NET matches a segment from its end."""
    *_, last = segment
    if isinstance(last, Parameter) and last.optional and len(segment) > 1:
        return _with_optional_end(segment, last, numbers)
    text = "".join(_part(part, numbers) for part in segment)
    return f"(?:/{text})?" if isinstance(last, Parameter) and last.optional else f"/{text}"


def _with_optional_end(segment: Segment, last: Parameter, numbers: dict[str, int]) -> str:
    """A segment such as ``{file}.{extension?}``: without the extension, the dot may be missing too."""
    *start, literal = segment[:-1]
    before = "".join(_part(part, numbers).replace("[^/]+", "[^/]+?") for part in start)
    return f"/{before}(?:{re.escape(str(literal))}(?P<p{numbers[last.name]}>[^/.]+))?"


def _part(part: str | Parameter, numbers: dict[str, int]) -> str:
    if isinstance(part, str):
        return re.escape(part)
    return f"(?P<p{numbers[part.name]}>{'.*' if part.catch_all else '[^/]+'})"
