"""What every chapter of the demo's story needs: both sides to talk to, a screen, and a clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from local.demo.live import Telling, showing
from local.stack.app_client import Client
from local.stack.azure_client import Simulated
from local.stack.processes import StackError
from local.stack.stack import Stack

CHAPTERS = 6
_GIVE_UP_SECONDS = 300.0
_LOOK_SECONDS = 0.5


class Stage:
    """Where the story is told."""

    def __init__(self, client: Client, azure: Simulated, stack: Stack, console: Console) -> None:
        self.client, self.azure = client, azure
        self._stack, self._console = stack, console
        self.seconds: dict[str, float] = {}
        """How long each chapter took, by its title."""

    @property
    def hosts(self) -> int:
        """Hosts of the production pool at the start."""
        return self._stack.options.hosts

    def say(self, text: str) -> None:
        """One plain line."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def chapter(self, title: str, detail: str) -> Iterator[None]:
        """The block is one chapter, and is timed."""
        head = f"\n{len(self.seconds) + 1} of {CHAPTERS}  {title}: {detail}"
        self._console.print(head, style="bold", highlight=False, markup=False, soft_wrap=True)
        begun = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - begun

    def follow[V](self, read: Callable[[], V], telling: Telling[V], until: Callable[[V], bool]) -> V:
        """Show what `read` finds until that is the end. Raises StackError when a part ends, or it takes too long."""
        end = time.monotonic() + _GIVE_UP_SECONDS
        with showing(self._console, telling) as show:
            while True:
                self._stack.check()
                view = read()
                show(view)
                if until(view):
                    return view
                if time.monotonic() > end:
                    raise StackError(f"Nothing has come of it in {_GIVE_UP_SECONDS:.0f} s: {view!r:.600}")
                time.sleep(_LOOK_SECONDS)
