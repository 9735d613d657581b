"""What may go wrong, and with which exit code the command ends then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """The exit codes. Scripts rely on them."""

    DONE = 0
    """Done; or the rollout ended as wanted."""
    UNEXPECTED = 1
    USAGE = 2
    REFUSED = 3
    """The request is not valid, or a check failed (400, 422)."""
    NOT_ALLOWED = 4
    """Not signed in, or not allowed (401, 403)."""
    NOT_FOUND = 5
    NOT_NOW = 6
    """Something else is in the way (409, 412)."""
    UNREACHABLE = 7
    """No answer, or Azure is busy (429, 503), after three tries."""
    ENDED_OTHERWISE = 8
    """It has failed, was cancelled or was rolled back."""
    WAITS = 9
    """It waits for a person: it is paused, or wants approval."""
    OTHER_VERSION = 10
    """The app is older or newer than this command, and they do not understand each other."""
    TIME_UP = 124
    INTERRUPTED = 130


class CliError(Exception):
    """An expected error: one line, maybe some more, and what to do.

    `problem` is the app's own answer (RFC 9457); with `-o json` it is what is printed.
    """

    def __init__(
        self,
        code: Exit,
        title: str,
        *lines: str,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        self.code, self.title, self.problem = code, title, problem
        self.lines: Sequence[str] = [line for line in lines if line]
        self.begun = ""
        """The id of what the command had begun before, and which goes on."""
        self.by_version = code is Exit.OTHER_VERSION
        """Whether the app may be older or newer than this command, so that it helps to know both versions."""
        super().__init__(title)

    def as_json(self) -> dict[str, Any]:
        """It for a program: the app's own problem, or one in the same form."""
        begun = {"begun": self.begun} if self.begun else {}
        if self.problem is not None:
            return {**self.problem, **begun}
        kind = self.code.name.lower().replace("_", "-")
        return {"type": f"urn:freshcoat:cli:{kind}", "title": self.title, "detail": " ".join(self.lines), **begun}


def usage(title: str, *lines: str) -> CliError:
    """The command was called in a way that cannot work."""
    return CliError(Exit.USAGE, title, *lines)
