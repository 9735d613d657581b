"""Lines that fit a terminal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text


@dataclass(frozen=True)
class Parts:
    """The parts of a screen from top to bottom."""

    top: Sequence[Text]
    facts: Sequence[Text]
    details: Callable[[int], Sequence[Text]]
    """At most so many lines about single hosts, pools or steps."""
    events: Sequence[Text]
    """The oldest first."""
    foot: Sequence[Text]


def fit(parts: Parts, width: int, height: int) -> list[Text]:
    """At most `height` lines of at most `width` cells. What matters least goes first: details, events, blank lines,
    facts from below, the rest of the top. The first line and the foot stay longest."""
    height = max(height, 1)
    foot = list(parts.foot)[: max(height - 1, 0)]
    top = list(parts.top)[: max(height - len(foot), 1)]
    facts = list(parts.facts)[: max(height - len(foot) - len(top), 0)]
    room = height - len(foot) - len(top) - len(facts)
    gap_above_facts = bool(facts) and room > 0
    room -= gap_above_facts
    below = _below(parts, room - 1) if room > 1 else []
    lines = [*top, *_blank(gap_above_facts), *facts, *_blank(bool(below)), *below, *foot]
    return [cut(line, width) for line in lines]


def _below(parts: Parts, room: int) -> list[Text]:
    """Details and events share the room: a third for the events, and what the others leave."""
    wanted = list(parts.details(room))
    events = min(len(parts.events), max(room // 3, room - len(wanted)), 3)
    details = wanted if len(wanted) <= room - events else list(parts.details(room - events))
    return [*details, *parts.events[len(parts.events) - events :]]


def _blank(wanted: bool) -> list[Text]:
    return [Text("")] if wanted else []


def cut(line: Text, width: int) -> Text:
    """The line, with an ellipsis where it is cut off."""
    shown = line.copy()
    shown.truncate(width, overflow="ellipsis")
    return shown


def sides(left: Text, right: Text, width: int) -> Text:
    """One line with a text at each end. The left one is cut if they do not fit."""
    room = width - right.cell_len - 2
    if room < 20 or not right:
        return cut(left, width)
    shown = cut(left, room)
    return Text.assemble(shown, " " * (width - shown.cell_len - right.cell_len), right)


def wrapped(groups: Iterable[Text], width: int, gap: str = "  ") -> list[Text]:
    """Groups side by side, on as many lines as they need."""
    lines: list[Text] = []
    for group in groups:
        if lines and lines[-1].cell_len + len(gap) + group.cell_len <= width:
            lines[-1] = Text.assemble(lines[-1], gap, group)
        else:
            lines.append(group)
    return lines


def bar(percent: int, width: int, style: str, *, only_ascii: bool) -> Text:
    """A line that is filled to so many percent. Full only at 100, empty only at 0."""
    width = max(width, 1)
    share = max(0, min(100, percent))
    filled = width if share == 100 else min(width - 1, max(share > 0, width * share // 100))
    full, rest = ("#", "-") if only_ascii else ("━", "─")
    return Text.assemble((full * filled, style), (rest * (width - filled), "dim"))
