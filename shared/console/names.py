"""What a path below `/console/` names: a file of the built console, its first page, or nothing."""

from __future__ import annotations

import re
from collections.abc import Collection

PAGE = "index.html"
"""Answers every path that is a page of the console: the console finds the page itself."""
ASSETS = "assets/"
"""The folder of what a page loads. What is missing there is missing: a script must not be answered by a page."""

TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain",
}
"""The content type by the end of a name. Files with other ends are not served, source maps for one."""

_HASHED = re.compile(r"assets/[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
_FOR_A_YEAR = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"
_STRANGE = re.compile(r"[\x00-\x1f\x7f\\%]|(?:^|/)[./]")
"""Control characters, backslashes, what is still encoded, hidden names, `.` and `..`, and names of nothing."""


def named_file(path: str, names: Collection[str]) -> str | None:
    """The file that answers a path, or None for one that nothing answers. `names`: all files of the built console."""
    if _STRANGE.search(path):
        return None
    if path in names:
        return path
    return None if path.startswith(ASSETS) or PAGE not in names else PAGE


def type_of(name: str) -> str | None:
    """The content type of a file; None when it is not served."""
    _, dot, end = name.rpartition(".")
    return TYPES.get(f"{dot}{end}")


def cache_rule(name: str) -> str:
    """`Cache-Control` of a file. A name with a hash never changes its content; others are asked for again."""
    return _FOR_A_YEAR if _HASHED.fullmatch(name) else _ASK_FIRST
