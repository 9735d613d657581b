"""How a burst host on its way is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

_WORDS = {
    "asking": "the autoscaler asks Freshcoat what it is to be made from",
    "creating": "Azure makes the VM from {version}: {reason}",
    "registering": "its agent registers it with the host pool",
    "available": "it is in service",
}
"""By what the autoscaler says of it; what is not here went wrong."""


class BurstTelling:
    """Tells the looks at one host that the autoscaler was asked for."""

    def __init__(self) -> None:
        self._said = ""

    def lines(self, view: dict[str, Any]) -> Iterator[str]:
        """A line when it has come further."""
        said = told(view)
        if said != self._said:
            self._said = said
            yield f"        {said}"

    def screen(self, view: dict[str, Any]) -> RenderableType:
        """Where it is."""
        return Text(told(view))


def told(view: dict[str, Any]) -> str:
    """Where a burst host is on its way."""
    words = _WORDS.get(str(view["result"]), "{result}: {reason}").format(**view)
    return f"{view['host']}: {words}"
