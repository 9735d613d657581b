"""What a burst host is doing, in words: the new host that the autoscaler adds."""

from __future__ import annotations

from typing import Any

IN_PROGRESS = frozenset({"asking", "creating", "registering"})
_WORDS = {
    "asking": "the autoscaler asks Freshcoat which version to use",
    "creating": "Azure creates the VM from {version}: {reason}",
    "registering": "the agent registers the VM with the host pool",
    "available": "the host is in service",
}
"""By the autoscaler's result for the host. Every other result is an error, shown with its reason."""


def describe(view: dict[str, Any]) -> str:
    """The state of a burst host in one sentence."""
    words = _WORDS.get(str(view["result"]), "{result}: {reason}").format(**view)
    return f"{view['host']}: {words}"
