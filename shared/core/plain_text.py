"""Text in one line, without characters that hide or reorder what is shown. Pure."""

from __future__ import annotations

import re

_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
"""Control characters, line and paragraph separators, marks and overrides of the writing direction, surrogates."""


def is_one_line(text: str) -> bool:
    """Whether the text can be shown and logged as it is."""
    return _UNSHOWN.search(text) is None


def one_line(text: str, longest: int | None = None) -> str:
    """The text in one line of at most `longest` characters, with a space for whatever must not be shown."""
    shown = " ".join(_UNSHOWN.sub(" ", text).split()) if not is_one_line(text) else text
    return shown if longest is None or len(shown) <= longest else f"{shown[: longest - 1]}…"
