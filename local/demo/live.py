"""Shows live progress: one screen that is updated in place on a terminal, printed lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live


class Display[V](Protocol):
    """Formats the successive states of one task, rollout or host. It remembers which lines it has already printed."""

    def lines(self, view: V) -> Iterator[str]:
        """The lines for this state that were not printed before."""
        ...

    def screen(self, view: V) -> RenderableType:
        """The complete screen for this state."""
        ...


@contextmanager
def showing[V](console: Console, display: Display[V]) -> Iterator[Callable[[V], None]]:
    """Yield a function that shows each new state in the form that suits the console."""
    if console.is_terminal:
        with Live(console=console, refresh_per_second=8) as live:
            yield lambda view: live.update(display.screen(view))
        return

    def print_lines(view: V) -> None:
        for line in display.lines(view):
            console.print(line, soft_wrap=True, highlight=False, markup=False)

    yield print_lines
