"""Names for the completion of a shell: asked for with little patience, kept for a minute, and never an error."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from freshcoat_cli.config.files import cache_folder, write_private
from freshcoat_cli.limits import at_the_latest

PATIENCE = 1.0
"""Seconds. Somebody waits with a finger on the key."""
KEPT = 60.0
MOST = 200


def pools(incomplete: str) -> list[str]:
    """The pools whose names begin so."""
    return _names("pools", {"live": False}, "name", incomplete)


def images(incomplete: str) -> list[str]:
    """The images whose names begin so."""
    return _names("images", {}, "name", incomplete, page=50)


def open_rollouts(incomplete: str) -> list[str]:
    """The open rollouts whose ids begin so, and the pools that they run on."""
    found = _names("rollouts", {"open": True}, "id", incomplete)
    return [*_names("rollouts", {"open": True}, "pool", incomplete), *found]


def profiles(incomplete: str) -> list[str]:
    """The profiles whose names begin so."""
    return _quietly(lambda: [name for name in _profiles() if name.startswith(incomplete)])


def _profiles() -> Iterator[str]:
    from freshcoat_cli.config.profiles import read_config  # noqa: PLC0415 - only while a shell completes

    yield from sorted(read_config().profiles)


def _names(path: str, query: dict[str, Any], field: str, incomplete: str, page: int = MOST) -> list[str]:
    from freshcoat_cli.command import may_be_name  # noqa: PLC0415 - only while a shell completes

    def ask() -> list[str]:  # a shell evaluates what it is offered: a name with $(…), blanks or stars is left out
        items = _kept(path, query, page)
        return sorted({name for one in items if (name := str(one[field])).startswith(incomplete) and may_be_name(name)})

    return _quietly(ask)


def _quietly(ask: Callable[[], list[str]]) -> list[str]:
    try:
        with at_the_latest(PATIENCE):
            return ask()
    except Exception:  # noqa: BLE001 - a shell that completes shows no errors
        return []


def _kept(path: str, query: dict[str, Any], page: int) -> list[dict[str, Any]]:
    """The items, from a minute ago at the most. Raises CliError and others when they cannot be had."""
    from freshcoat_cli.options import Common  # noqa: PLC0415 - as above
    from freshcoat_cli.output.printer import Format  # noqa: PLC0415 - as above
    from freshcoat_cli.session import Session  # noqa: PLC0415 - as above

    session = Session(Common(timeout=PATIENCE, output=Format.JSON))  # says nothing to people
    file = _file(session.profile.url, path)
    if file.exists() and time.time() - file.stat().st_mtime < KEPT:
        found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        return found
    items = [
        {name: one.get(name) for name in ("name", "id", "pool")}
        for one in session.client.pages(path, page, page=page, **query)
    ]
    write_private(file, json.dumps(items))
    return items


def _file(url: str, path: str) -> Path:
    return cache_folder() / f"names-{hashlib.sha256(f'{url} {path}'.encode()).hexdigest()[:16]}.json"
