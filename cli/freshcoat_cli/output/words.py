"""Texts from elsewhere made safe for a terminal, and numbers and states in words. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Control characters, marks of the writing direction, halves of characters, breaks of lines and paragraphs."""


_FIELD = re.compile(r'\b([Ss])end "?(allow_downgrade|force|power_off)"?: true\b')
"""A hint of the API that a command has an option for."""


def plain(text: object) -> str:
    """One line that does nothing to a terminal. None is empty."""
    if text is None:
        return ""
    found = str(text)
    if found.isascii() and found.isprintable():
        return found
    return "".join(" " if unicodedata.category(char) in _UNSAFE else char for char in found)


def as_option(text: object) -> str:
    """A hint of the API, `send allow_downgrade: true`, as the option of a command: `add --allow-downgrade`."""
    return _FIELD.sub(
        lambda found: f"{'Add' if found[1] == 'S' else 'add'} --{found[2].replace('_', '-')}", plain(text)
    )


def words(state: object) -> str:
    """A value of the API as people say it: `awaiting_approval` is "awaiting approval"."""
    return plain(state).replace("_", " ")


def count(number: int, one: str, many: str = "") -> str:
    """`1 host`, `2 hosts`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}".replace(",", " ")


def number(value: object) -> str:
    """A number; a dash for one that is not known."""
    return "-" if value is None else plain(value)


def message(given: Mapping[str, Any] | None) -> str:
    """The text of a message of the API; empty for none."""
    return plain(given.get("text")) if given else ""


STYLES = {
    "succeeded": "green",
    "done": "green",
    "active": "green",
    "running": "cyan",
    "staged": "cyan",
    "paused": "yellow",
    "awaiting_approval": "yellow",
    "rolling_back": "yellow",
    "cancelling": "yellow",
    "failed": "red",
}


def style_of(state: object) -> str:
    """The colour of a state; none for most. Red is only for what is wrong."""
    return STYLES.get(str(state), "")
