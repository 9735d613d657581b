"""Words, signs and styles of states. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from freshcoat_cli.output.words import plain, words

OPEN = ("scheduled", "running", "awaiting_approval", "paused", "rolling_back", "cancelling")
ENDS = ("succeeded", "failed", "cancelled", "rolled_back")
WAITING = ("awaiting_approval", "paused")
"""States of a rollout in which nothing goes on until a person decides."""
WORKING = ("verifying", "joining", "reimaging", "signing_out")
"""States of a host in which something is being done with it."""


@dataclass(frozen=True)
class State:
    """How a state of a host is shown. Signs take one cell each."""

    word: str
    sign: str
    plain: str
    """The sign in ASCII."""
    style: str = ""
    narrow: str = ""
    """The word in a column; empty: the word."""


HOSTS: Mapping[str, State] = {
    "done": State("done", "✔", "+", "green"),
    "verifying": State("verifying", "◑", "*", "cyan"),
    "joining": State("joining", "◔", "*", "cyan"),
    "reimaging": State("re-imaging", "⟳", "*", "cyan"),
    "signing_out": State("signing out", "←", "*", "yellow"),
    "waiting_for_logoff": State("waiting for log off", "…", ".", "yellow", narrow="waits"),
    "draining": State("draining", "↓", ".", "yellow"),
    "pending": State("pending", "·", ".", "dim"),
    "skipped": State("skipped", "–", "-", "dim"),
    "failed": State("failed", "✘", "x", "red"),
}
"""Each state of a host, in the order of the line of counts."""

KINDS = {
    "set_as_image": "Set as image",
    "stage": "Stage",
    "verdict": "Record verdict",
    "activate": "Activate",
    "roll_back": "Roll back",
    "discard": "Discard",
    "update_pools": "Update pools",
    "remove": "Remove",
}
"""What a task does."""


def host_state(state: str) -> State:
    """How this state of a host is shown; one of a newer app by its name."""
    return HOSTS.get(state) or State(words(state), "·", ".")


def short_host(name: str) -> str:
    """The host's name without its domain."""
    return plain(name.split(".", 1)[0])
