"""The context of every scene: clients for the app and the simulated Azure, a terminal, and measured times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from local.demo.terminal import Terminal
from local.stack.app_client import AppClient
from local.stack.azure_client import SimulatedAzureClient
from local.stack.processes import StackError
from local.stack.stack import Stack

SCENES = 6
_TIMEOUT_SECONDS = 300.0
_POLL_SECONDS = 0.5


class Stage:
    """The context that each scene receives."""

    def __init__(self, client: AppClient, azure: SimulatedAzureClient, stack: Stack, console: Console) -> None:
        self.client, self.azure = client, azure
        self._stack, self._console = stack, console
        self._terminal = Terminal(stack.options, stack.options.directory / "command-line", console, stack.check)
        self.seconds: dict[str, float] = {}
        """Duration of each scene, by its title."""

    @property
    def hosts(self) -> int:
        """Number of hosts in the production pool at the start."""
        return self._stack.options.hosts

    def print(self, text: str) -> None:
        """Print one line without styling."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def type(self, *words: str) -> None:
        """Run the command line with these words. Raises StackError when it ends with another exit code than 0."""
        self._terminal.type(*words)

    @contextmanager
    def scene(self, title: str, detail: str) -> Iterator[None]:
        """Print the heading of a scene, and measure the duration of the `with` block."""
        head = f"\n{len(self.seconds) + 1} of {SCENES}  {title}: {detail}"
        self._console.print(head, style="bold", highlight=False, markup=False, soft_wrap=True)
        begun = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - begun

    def wait[V](self, read: Callable[[], V], until: Callable[[V], bool], line: Callable[[V], str] = lambda _: "") -> V:
        """Poll `read` until `until` accepts the state. Each new `line` about it is printed.

        Raises StackError when a process of the stack ends, or when this takes longer than five minutes.
        """
        end, printed = time.monotonic() + _TIMEOUT_SECONDS, ""
        while True:
            self._stack.check()
            state = read()
            if (text := line(state)) != printed:
                printed = text
                self.print(text)
            if until(state):
                return state
            if time.monotonic() > end:
                raise StackError(f"The scene did not finish within {_TIMEOUT_SECONDS:.0f} s: {state!r:.600}")
            time.sleep(_POLL_SECONDS)
