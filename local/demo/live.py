"""Live progress: one screen that stays in place on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live


class Telling[V](Protocol):
    """How the looks at one piece of work are told. It remembers what it has said."""

    def lines(self, view: V) -> Iterator[str]:
        """What this look has that was not said before."""
        ...

    def screen(self, view: V) -> RenderableType:
        """All that this look has."""
        ...


@contextmanager
def showing[V](console: Console, telling: Telling[V]) -> Iterator[Callable[[V], None]]:
    """Takes each look, and shows it as the console can."""
    if console.is_terminal:
        with Live(console=console, refresh_per_second=8) as live:
            yield lambda view: live.update(telling.screen(view))
        return

    def say(view: V) -> None:
        for line in telling.lines(view):
            console.print(line, soft_wrap=True, highlight=False, markup=False)

    yield say
