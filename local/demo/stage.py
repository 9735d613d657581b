"""The context of every scene: clients for the app and the simulated Azure, the console, and measured times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from local.demo.live import Display, showing
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
        self.seconds: dict[str, float] = {}
        """Duration of each scene, by its title."""

    @property
    def hosts(self) -> int:
        """Number of hosts in the production pool at the start."""
        return self._stack.options.hosts

    def print(self, text: str) -> None:
        """Print one line without styling."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def scene(self, title: str, detail: str) -> Iterator[None]:
        """Print the heading of a scene, and measure the duration of the `with` block."""
        head = f"\n{len(self.seconds) + 1} of {SCENES}  {title}: {detail}"
        self._console.print(head, style="bold", highlight=False, markup=False, soft_wrap=True)
        begun = time.monotonic()
        yield
        self.seconds[title] = time.monotonic() - begun

    def follow[V](self, read: Callable[[], V], display: Display[V], until: Callable[[V], bool]) -> V:
        """Poll `read` and show each state until `until` accepts it.

        Raises StackError when a process of the stack ends, or when this takes longer than five minutes.
        """
        end = time.monotonic() + _TIMEOUT_SECONDS
        with showing(self._console, display) as show:
            while True:
                self._stack.check()
                view = read()
                show(view)
                if until(view):
                    return view
                if time.monotonic() > end:
                    raise StackError(f"The scene did not finish within {_TIMEOUT_SECONDS:.0f} s: {view!r:.600}")
                time.sleep(_POLL_SECONDS)
