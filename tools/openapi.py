"""Writes the OpenAPI document to docs/openapi.json, and finds what would break programs of the last release.

- `python -m tools.openapi` writes docs/openapi.json, and docs/calls.md from it. A test holds both equal to what the app
  answers.
- `python -m tools.openapi --check` fails when the app's document would break a program that was written by
  docs/openapi-released.json, unless the newest section of CHANGELOG.md names each broken thing in backquotes.
- `python -m tools.openapi --release` makes today's document the released one.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import function_app  # noqa: F401 - importing it fills the table of endpoints
from tools.openapi_calls import page
from tools.openapi_changes import Break, breaks
from triggers.http.openapi import document

ROOT = Path(__file__).parent.parent
CURRENT = ROOT / "docs" / "openapi.json"
CALLS = ROOT / "docs" / "calls.md"
RELEASED = ROOT / "docs" / "openapi-released.json"
CHANGELOG = ROOT / "CHANGELOG.md"

_WORDS = frozenset({"title", "description", "summary", "tags", "example", "examples", "links"})
"""Members that no program depends on: the released document leaves them out."""
_NAMES = frozenset({"properties", "schemas", "parameters", "headers", "responses", "paths"})
"""Members whose own members are names, which may be called `title` too."""


def text_of(found: Any) -> str:
    """A document as it is stored."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def bare(found: Any, *, names: bool = False) -> Any:
    """A document without what no program depends on."""
    if isinstance(found, list):
        return [bare(item) for item in found]
    if not isinstance(found, dict):
        return found
    return {
        name: bare(value, names=name in _NAMES and not names)
        for name, value in found.items()
        if names or name not in _WORDS
    }


def newest_section(changelog: str) -> str:
    """What stands under the newest version."""
    return re.split(r"^## \[", changelog, maxsplit=2, flags=re.MULTILINE)[1]


def unnamed(found: Iterable[Break], changelog: str) -> list[Break]:
    """The breaks that the newest section of the changelog does not name."""
    section = newest_section(changelog)
    return [one for one in found if f"`{one.subject}`" not in section]


def check() -> int:
    """Print each break that the changelog does not name; 1 if there is one."""
    found = unnamed(breaks(json.loads(RELEASED.read_text()), document()), CHANGELOG.read_text())
    for one in found:
        print(one)
    if found:
        print(f"openapi: {len(found)} incompatible; undo each, or name it in backquotes under the newest version")
    return 1 if found else 0


def main(arguments: list[str]) -> int:
    """Write, check or release. The exit code is 1 when a check fails."""
    if arguments == ["--check"]:
        return check()
    if arguments == ["--release"]:
        RELEASED.write_text(text_of(bare(document())))
        return 0
    if arguments:
        print(__doc__)
        return 2
    CURRENT.write_text(text_of(document()))
    CALLS.write_text(page(document()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
