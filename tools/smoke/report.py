"""How the checks are printed: as lines for people, or as one JSON document for a pipeline."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

from tools.smoke.results import Check, Grade, counts, summary

_COLORS: dict[Grade, str] = {"pass": "\033[32m", "warn": "\033[33m", "fail": "\033[31m"}
_PLAIN = "\033[0m"
_INDENT = "      "
NARROWEST = 40
"""Columns of a terminal below which lines are not made shorter: they would be one word each."""


class Report:
    """Collects the checks of one run. For people each is printed as it ends."""

    def __init__(self, url: str, *, as_json: bool = False) -> None:
        self.found: list[Check] = []
        self._url, self._as_json = url, as_json

    def add(self, check: Check) -> None:
        """One more check has ended."""
        self.found.append(check)
        if not self._as_json:
            print("\n".join(lines(check, width=_width(), color=_colored())), flush=True)

    def say(self, text: str) -> None:
        """What happens meanwhile. It is no result: for a pipeline it goes to stderr."""
        print(f"{_INDENT}{text}", file=sys.stderr if self._as_json else sys.stdout, flush=True)

    def end(self, questions: Sequence[str], *, interrupted: bool) -> None:
        """Print what stands at the end: the check-list or a line about it, and how many checks there were."""
        if self._as_json:
            document = {
                "url": self._url,
                "interrupted": interrupted,
                "counts": counts(self.found),
                "checks": [check.as_json() for check in self.found],
            }
            print(json.dumps(document, indent=2, ensure_ascii=False), flush=True)
            return
        stopped = "stopped before the end: " if interrupted else ""
        print("\n".join([*questions, f"{stopped}{summary(self.found)}"]), flush=True)


def lines(check: Check, *, width: int | None = None, color: bool = False) -> Iterator[str]:
    """What was found, and below it what to do. `width`: columns of the terminal; None: lines as long as they are."""
    first, *others = _fitted(f"{check.grade:<5} {check.name}: {check.detail}", width, _INDENT)
    yield _COLORS[check.grade] + first[:4] + _PLAIN + first[4:] if color else first
    yield from others
    if check.what_to_do:
        yield from _fitted(f"{_INDENT}-> {check.what_to_do}", width, _INDENT + "   ")


def _fitted(text: str, width: int | None, indent: str) -> list[str]:
    """Names and addresses stay whole, so that they can be copied."""
    if width is None or width < NARROWEST:
        return [text]
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _colored() -> bool:
    """https://no-color.org"""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
