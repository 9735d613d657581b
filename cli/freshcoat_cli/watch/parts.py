"""Lines that the screens of rollouts and tasks share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from freshcoat_cli.output.moments import distance, moment_of, near, span
from freshcoat_cli.output.words import message, plain, style_of, words
from freshcoat_cli.watch.fit import sides
from freshcoat_cli.watch.sight import Look, Sight

LEAVE = "Ctrl-C leaves it running."


def head(name: str, sight: Sight, look: Look, now: datetime) -> Text:
    """The first line: what it is, its state, how far it is, and how old that is."""
    state = str(sight.view["state"])
    left = Text.assemble(
        (name, "bold"),
        "   ",
        (words(state), style_of(state)),
        f"   {sight.view['percent']} %",
    )
    return sides(left, age(sight, now), look.width)


def age(sight: Sight, now: datetime) -> Text:
    """How old what is shown is; empty after the end."""
    if sight.problem:
        return Text(f"no answer for {span((now - sight.read_at).total_seconds())}", "yellow")
    if sight.view["ended_at"]:
        return Text("")
    return Text(distance(sight.read_at, now) if now > sight.read_at else "now", "dim")


def arrow(before: str | None, after: str | None, *, only_ascii: bool) -> str:
    """`1.0.0 → 2.0.0`; the version alone if the one before is not known, or if it stays."""
    if not after or not before or before == after:
        return plain(after or "")
    return f"{plain(before)} {'->' if only_ascii else '→'} {plain(after)}"


def fact(name: str, text: str | Text) -> Text:
    """`next      00:00, in 19 min`."""
    return Text.assemble((f"{name:<10}", "dim"), text)


def told(shown: Mapping[str, Any], look: Look, now: datetime) -> str:
    """A message of the API, its moment first."""
    at = moment_of(shown.get("at"))
    return f"{near(at, look.zone, now)}, {distance(at, now)}: {message(shown)}" if at else message(shown)


def when(at: datetime, look: Look, now: datetime) -> str:
    """`01:00, in 1 h 19 min`."""
    return f"{near(at, look.zone, now)}, {distance(at, now)}"
