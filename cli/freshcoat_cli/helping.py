"""How `--help` looks: `POOL` and `NUMBER` where a value stands, nothing behind a switch, no types of Python."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

_TYPE = re.compile(r"<(?:list\[)?(.*?)\]?>")
_WORDS = {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "bool": ""}


class PlainCommand(TyperCommand):
    """A command with a plain help."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, with words in place of types."""
        return [_plain(one, ctx) for one in super().get_params(ctx)]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`[OPTIONS] POOL VERSION`."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, without ranges of numbers: what is out of range is refused with them."""
        _without_ranges()
        super().format_help(ctx, formatter)


class PlainGroup(TyperGroup):
    """A group of commands with a plain help."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, with words in place of types."""
        return [_plain(one, ctx) for one in super().get_params(ctx)]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, without ranges of numbers."""
        _without_ranges()
        super().format_help(ctx, formatter)


def _plain(one: Any, ctx: Any) -> Any:
    if isinstance(one, TyperArgument):
        shown = _word(one, ctx)
        one.metavar = one.metavar or one.name.upper()
        one.display_type_rich = lambda ctx: "" if shown in _WORDS.values() else shown  # type: ignore[method-assign]
    elif isinstance(one, TyperOption) and one.metavar is None:
        one.metavar = "" if one.is_flag else _word(one, ctx)
    return one


def _word(one: Any, ctx: Any) -> str:
    """`TEXT`, `NUMBER`, or the choices as they are."""
    found = _TYPE.fullmatch(one.display_type(ctx) or "")
    kind = found[1] if found else ""
    return _WORDS.get(kind.split(" ")[0], kind)


def _without_ranges() -> None:
    from typer import rich_utils  # noqa: PLC0415 - loaded with the first help only

    rich_utils.RANGE_STRING = ""
