"""Shows the progress of a rollout: a bar per host state, or lines with the counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from shared.api.rollouts import RolloutView
from shared.core.states import HostState

BAR_WIDTH = 40
_LINE_EVERY_SECONDS = 2.0
_COLOURS = {
    HostState.DONE: "green",
    HostState.SKIPPED: "green",
    HostState.FAILED: "red",
    HostState.PENDING: "bright_black",
    HostState.WAITING_FOR_LOGOFF: "yellow",
}


class RolloutDisplay:
    """Shows the states of one rollout."""

    def __init__(self) -> None:
        self._begun, self._last, self._printed = time.monotonic(), 0.0, ""

    def lines(self, view: RolloutView) -> Iterator[str]:
        """A line for each change, at most one every two seconds. The end is always printed."""
        now = time.monotonic()
        summary = f"{view.state} {counts(view)} {view.sessions_open}"
        if view.ended_at is None and (summary == self._printed or now - self._last < _LINE_EVERY_SECONDS):
            return
        self._printed, self._last = summary, now
        yield f"{now - self._begun:4.0f} s  {line(view)}"

    def screen(self, view: RolloutView) -> RenderableType:
        """A bar per host state, and the next event."""
        grid = Table.grid(padding=(0, 1))
        for state in HostState:
            number = view.counts.get(state, 0)
            colour = _COLOURS.get(state, "cyan")
            bar = ProgressBar(max(view.hosts, 1), number, width=BAR_WIDTH, complete_style=colour, finished_style=colour)
            grid.add_row(Text(state.value.replace("_", " "), style=colour if number else "dim"), bar, str(number))
        grid.add_row()
        for name, text in facts(view).items():
            grid.add_row(name, text)
        head = Text(f"{view.image} {view.from_version} -> {view.version} on pool {view.pool}: {view.state}")
        return Group(head, Text(), grid)


def line(view: RolloutView) -> str:
    """The progress in one line."""
    parts = [
        f"{view.percent:3d} % {view.state}",
        counts(view),
        f"{view.sessions_open} sessions left, {view.sessions_signed_out} signed out",
        f"next {upcoming(view)}",
        f"end {moment(view.expected_end)}",
    ]
    if view.ended_at:
        del parts[3:]
    return " | ".join(parts)


def counts(view: RolloutView) -> str:
    """The number of hosts per state, in the order of a host's progress. States without hosts are left out."""
    if not any(view.counts.values()):
        return "hosts not read yet"
    return ", ".join(f"{state.value} {view.counts[state]}" for state in HostState if view.counts.get(state))


def facts(view: RolloutView) -> dict[str, str]:
    """The numbers shown below the bars."""
    rows = {
        "work done": f"{view.percent} %",
        "sessions left": f"{view.sessions_open} (signed out by force: {view.sessions_signed_out})",
        "accepting hosts": "?" if view.accepting is None else f"{view.accepting} of {view.hosts}",
    }
    if view.ended_at:
        return {**rows, "ended": f"{view.ended_at.astimezone():%H:%M:%S}"}
    return {**rows, "next": upcoming(view), "expected end": moment(view.expected_end)}


def upcoming(view: RolloutView) -> str:
    """When the next event is due, and what it does."""
    return f"{moment(view.next.at)}: {view.next.text}" if view.next else "-"


def moment(at: datetime | None) -> str:
    """A time on this machine's clock and the seconds until then; `-` when it is unknown."""
    if at is None:
        return "-"
    seconds = round((at - datetime.now(UTC)).total_seconds())
    away = f"in {seconds} s" if seconds > 0 else "now"
    return f"{at.astimezone():%H:%M:%S} ({away})"
