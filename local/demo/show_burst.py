"""Shows the progress of a burst host: the new host that the autoscaler adds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

_WORDS = {
    "asking": "the autoscaler asks Freshcoat which version to use",
    "creating": "Azure creates the VM from {version}: {reason}",
    "registering": "the agent registers the VM with the host pool",
    "available": "the host is in service",
}
"""By the autoscaler's result for the host. Every other result is an error, shown with its reason."""


class BurstDisplay:
    """Shows the states of one host that the autoscaler adds."""

    def __init__(self) -> None:
        self._printed = ""

    def lines(self, view: dict[str, Any]) -> Iterator[str]:
        """A line for each new state."""
        text = describe(view)
        if text != self._printed:
            self._printed = text
            yield f"        {text}"

    def screen(self, view: dict[str, Any]) -> RenderableType:
        """The current state."""
        return Text(describe(view))


def describe(view: dict[str, Any]) -> str:
    """The state of a burst host in one sentence."""
    words = _WORDS.get(str(view["result"]), "{result}: {reason}").format(**view)
    return f"{view['host']}: {words}"
