"""Lines that the screens of rollouts and tasks share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from freshcoat_cli.times.texts import distance, short, span
from freshcoat_cli.watch.fit import sides
from freshcoat_cli.watch.sight import Look, Sight
from freshcoat_cli.watch.words import STYLES, clean, message, words

LEAVE = "Ctrl-C leaves it running."


def moment(text: str | None) -> datetime | None:
    """A moment of the API."""
    return datetime.fromisoformat(text) if text else None


def head(name: str, sight: Sight, look: Look, now: datetime) -> Text:
    """The first line: what it is, its state, how far it is, and how old that is."""
    state = str(sight.view["state"])
    left = Text.assemble(
        (name, "bold"),
        "   ",
        (words(state), STYLES.get(state, "")),
        f"   {sight.view['percent']} %",
    )
    return sides(left, age(sight, now), look.width)


def age(sight: Sight, now: datetime) -> Text:
    """How old what is shown is; empty after the end."""
    if sight.problem:
        return Text(f"no answer for {span(now - sight.read_at)}", "yellow")
    if sight.view["ended_at"]:
        return Text("")
    return Text(distance(sight.read_at, now) if now > sight.read_at else "now", "dim")


def arrow(before: str | None, after: str | None, *, plain: bool) -> str:
    """`1.0.0 → 2.0.0`; the version alone if the one before is not known, or if it stays."""
    if not after or not before or before == after:
        return clean(after or "")
    return f"{clean(before)} {'->' if plain else '→'} {clean(after)}"


def fact(name: str, text: str | Text) -> Text:
    """`next      00:00, in 19 min`."""
    return Text.assemble((f"{name:<10}", "dim"), text)


def told(shown: Mapping[str, Any], look: Look, now: datetime) -> str:
    """A message of the API, its moment first."""
    at = moment(shown.get("at"))
    return f"{short(at, look.zone, now)}, {distance(at, now)}: {message(shown)}" if at else message(shown)


def when(at: datetime, look: Look, now: datetime) -> str:
    """`01:00, in 1 h 19 min`."""
    return f"{short(at, look.zone, now)}, {distance(at, now)}"
