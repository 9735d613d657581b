"""The constraints of route parameters, with the rules of ASP.NET Core.

https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from dateutil import parser as dates  # type: ignore[import-untyped]

type Check = Callable[[str], bool]

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_FLOAT = re.compile(r"\s*[+-]?(?=\.?[0-9])[0-9,]*(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?\s*|\s*(?:nan|[+-]?infinity)\s*", re.I)
_DECIMAL = re.compile(r"\s*(?:[+-]?\s*(?=\.?[0-9])[0-9,]*(?:\.[0-9]*)?|(?=\.?[0-9])[0-9,]*(?:\.[0-9]*)?\s*[+-]?)\s*")
_DASHED = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_GUID = re.compile(rf"\s*(?:[0-9a-f]{{32}}|{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\))\s*", re.IGNORECASE)
_DATE = re.compile(r".*[0-9].*[-/:., ].*", re.DOTALL)
_ALPHA = re.compile(r"[a-z]*", re.IGNORECASE | re.ASCII)
_LARGEST_DECIMAL = Decimal("79228162514264337593543950335")
_DOTNET_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")


def check(constraint: str) -> Check:
    """The check for a constraint such as ``int`` or ``length(2,5)``. Raises ValueError when it is not valid."""
    name, _, rest = constraint.partition("(")
    known = _KNOWN.get(name.strip().lower())
    if known is None:
        raise ValueError(f"route constraint {constraint!r} is not supported")
    counts, make = known
    text = rest.removesuffix(")")
    arguments = [text] if make is _regex else [part.strip() for part in text.split(",")] if rest else []
    if len(arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        raise ValueError(f"route constraint {constraint!r} has {len(arguments)} values; it needs {wanted}")
    try:
        return make(*arguments)
    except ValueError as error:
        raise ValueError(f"route constraint {constraint!r} is not valid: {error}") from error


def _integer(text: str, bits: int = 64) -> int | None:
    if not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if -(1 << bits - 1) <= value < 1 << bits - 1 else None


def _between(low: int, high: int) -> Check:
    if low > high:
        raise ValueError(f"{low} is more than {high}")

    def within(text: str) -> bool:
        value = _integer(text)
        return value is not None and low <= value <= high

    return within


def _long(low: int, high: int) -> Check:
    if low < 0 or low > high:
        raise ValueError("lengths count from 0 upwards")
    return lambda text: low <= len(text.encode("utf-16-le")) // 2 <= high


def _length(low: str, high: str | None = None) -> Check:
    return _long(int(low), int(low if high is None else high))


def _decimal(text: str) -> bool:
    if not _DECIMAL.fullmatch(text):
        return False
    return Decimal(re.sub(r"[\s,+-]", "", text)) <= _LARGEST_DECIMAL


def _date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        return isinstance(dates.parse(text), datetime)
    except (ValueError, OverflowError):
        return False


def _regex(pattern: str) -> Check:
    """A search anywhere in the value, as in .NET: the pattern needs its own ``^`` and ``$``."""
    try:
        compiled = re.compile(_DOTNET_GROUP.sub("(?P<", pattern), re.IGNORECASE)
    except re.error as error:
        raise ValueError(str(error)) from error
    return lambda text: compiled.search(text) is not None


def _is_file(text: str) -> bool:
    _, dot, extension = text.rpartition("/")[2].partition(".")
    return bool(dot and extension)


def _fixed(test: Check) -> Callable[[], Check]:
    return lambda: test


_MOST = (1 << 63) - 1
_KNOWN: dict[str, tuple[tuple[int, ...], Callable[..., Check]]] = {
    "int": ((0,), _fixed(lambda text: _integer(text, 32) is not None)),
    "long": ((0,), _fixed(lambda text: _integer(text) is not None)),
    "bool": ((0,), _fixed(lambda text: text.strip().lower() in {"true", "false"})),
    "float": ((0,), _fixed(lambda text: _FLOAT.fullmatch(text) is not None)),
    "double": ((0,), _fixed(lambda text: _FLOAT.fullmatch(text) is not None)),
    "decimal": ((0,), _fixed(_decimal)),
    "datetime": ((0,), _fixed(_date)),
    "guid": ((0,), _fixed(lambda text: _GUID.fullmatch(text) is not None)),
    "alpha": ((0,), _fixed(lambda text: _ALPHA.fullmatch(text) is not None)),
    "required": ((0,), _fixed(bool)),
    "file": ((0,), _fixed(_is_file)),
    "nonfile": ((0,), _fixed(lambda text: not _is_file(text))),
    "length": ((1, 2), _length),
    "minlength": ((1,), lambda low: _long(int(low), _MOST)),
    "maxlength": ((1,), lambda high: _long(0, int(high))),
    "min": ((1,), lambda low: _between(int(low), _MOST)),
    "max": ((1,), lambda high: _between(-_MOST - 1, int(high))),
    "range": ((2,), lambda low, high: _between(int(low), int(high))),
    "regex": ((1,), _regex),
}
