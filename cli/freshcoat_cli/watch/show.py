"""Shows what is followed: one screen on a terminal, lines in a log, objects for programs."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from freshcoat_cli.watch.changes import Said, change_object, first_line, last_object, lines
from freshcoat_cli.watch.ends import closing
from freshcoat_cli.watch.rollout_screen import rollout_lines
from freshcoat_cli.watch.sight import Json, Look, Sight
from freshcoat_cli.watch.task_screen import task_lines

Now = Callable[[], datetime]
_EVENTS = 3


class Shower(Protocol):
    """Shows sights. Used as a context, so that a terminal is left as it was."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, sight: Sight) -> None:
        """Show what is known now."""

    def end(self, sight: Sight, code: int) -> None:
        """Show it for the last time, and say why it is not followed any longer."""


class _Plain:
    """What needs no context."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Screen:
    """One screen, drawn anew each second, so that the distances to moments run. The last one stays where it is."""

    def __init__(self, console: Console, look: Look, now: Now) -> None:
        self._console, self._look, self._now = console, look, now
        self._sight: Sight | None = None
        self._events: deque[Json] = deque(maxlen=_EVENTS)
        self._foot = True
        self._live = Live(
            console=console, get_renderable=self._draw, refresh_per_second=1, vertical_overflow="crop", transient=False
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._foot = False
        self._live.stop()

    def show(self, sight: Sight) -> None:
        """Show what is known now."""
        self._events.extend(sight.events)
        self._sight = replace(sight, events=tuple(self._events))
        self._live.refresh()

    def end(self, sight: Sight, code: int) -> None:
        """Leave the last screen as it is, and say why it is not followed any longer."""
        self._foot = False
        self._live.stop()
        self._console.print(Text(closing(sight, code, only_ascii=self._look.ascii)), soft_wrap=True)

    def _draw(self) -> Group:
        if self._sight is None:
            return Group()
        size = self._console.size
        look = replace(self._look, width=size.width, height=max(size.height - 1, 1))
        draw = rollout_lines if self._sight.is_rollout else task_lines
        drawn = draw(self._sight, look, self._now())
        for line in drawn:
            line.no_wrap, line.overflow = True, "crop"
        return Group(*(drawn if self._foot or self._sight.view["ended_at"] else drawn[:-1]))


class Lines(_Plain):
    """A line at each change, for a log or a pipe."""

    def __init__(self, console: Console, look: Look, now: Now) -> None:
        self._console, self._look, self._now = console, look, now
        self._before: Sight | None = None
        self._last_at: datetime | None = None
        self._said = Said()

    def show(self, sight: Sight) -> None:
        """Write what has changed."""
        now = self._now()
        if self._before is None:
            self._write(first_line(sight, self._look, now))
        found, self._said = lines(self._before, sight, self._look, now, self._last_at, self._said)
        for line in found:
            self._last_at = now
            self._write(line)
        self._before = sight

    def end(self, sight: Sight, code: int) -> None:
        """Write why it is not followed any longer."""
        self._write(closing(sight, code, only_ascii=self._look.ascii))

    def _write(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


class Objects(_Plain):
    """A JSON object at each change, on a line of its own; or only the last one."""

    def __init__(self, write: Callable[[str], None], notes: Console, now: Now, *, only_last: bool = False) -> None:
        self._write, self._notes, self._now, self._only_last = write, notes, now, only_last
        self._before: Sight | None = None

    def show(self, sight: Sight) -> None:
        """Write what has changed."""
        shown = None if self._only_last else change_object(self._before, sight, self._now())
        if shown is not None:
            self._write(json.dumps(shown, ensure_ascii=False))
        self._before = sight

    def end(self, sight: Sight, code: int) -> None:
        """Write the whole object; to people, beside it, why it is not followed any longer."""
        last = sight.view if self._only_last else last_object(sight, code, self._now())
        self._write(json.dumps(last, ensure_ascii=False, indent=2 if self._only_last else None))
        if code not in {0, 8}:
            self._notes.print(Text(closing(sight, code, only_ascii=True)), soft_wrap=True)


class Ids(_Plain):
    """The id alone, at the end."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def show(self, sight: Sight) -> None:
        """Nothing before the end."""

    def end(self, sight: Sight, code: int) -> None:
        """Write the id."""
        self._write(str(sight.view["id"]))
