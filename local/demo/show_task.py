"""Shows the progress of an image task: its steps in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local.demo.show_rollout import BAR_WIDTH
from shared.api.tasks import TaskView
from shared.models.messages import text_of
from shared.models.tasks import TaskStep


class TaskDisplay:
    """Shows the states of one task. The first `printed` steps were printed before and are skipped."""

    def __init__(self, printed: int = 0) -> None:
        self._printed = printed
        self._ended = False

    def lines(self, view: TaskView) -> Iterator[str]:
        """One line with all steps that started since the last call, and one line for the end."""
        shown = view.steps[self._printed :]
        self._printed = len(view.steps)
        if shown:
            yield f"{_since(view, shown[0].begun_at)}  {view.percent:3d} % {', '.join(step.name for step in shown)}"
        if view.ended_at and not self._ended:
            self._ended = True
            yield f"{_since(view, view.ended_at)}  {view.percent:3d} % {view.state}: {text_of(view.note)}"

    def screen(self, view: TaskView) -> RenderableType:
        """Each step with its duration, and the share of work done."""
        grid = Table.grid(padding=(0, 2))
        for step in view.steps:
            style = "green" if step.ended_at else "cyan"
            grid.add_row(Text(step.name, style=style), Text(f"{_seconds(step):.0f} s", style=style))
        bar = ProgressBar(100, view.percent, width=BAR_WIDTH, complete_style="cyan", finished_style="green")
        work = Table.grid(padding=(0, 2))
        work.add_row("work done", bar, f"{view.percent} %")
        head = Text(f"{view.image} {view.version}: {view.state}")
        return Group(head, Text(), grid, Text(), work, Text(text_of(view.note)))


def _since(view: TaskView, at: datetime) -> str:
    return f"{max(0.0, (at - view.created_at).total_seconds()):4.0f} s"


def _seconds(step: TaskStep) -> float:
    return ((step.ended_at or datetime.now(UTC)) - step.begun_at).total_seconds()
