"""How the script of a managed run command ended, by the command's instance view. Pure: works on ARM JSON.

A non-zero exit code means failure; output and error hold the last 4 KB each (Azure's documentation of managed run
commands for Windows).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

TAIL = 4_096
"""Bytes of what a script said that are told."""
_ENDED_BADLY = frozenset({"failed", "timedout", "canceled"})


@dataclass(frozen=True)
class ScriptEnd:
    """The end of a script as Azure tells it. `state` in lower case; `exit_code` None when Azure names none."""

    state: str
    exit_code: int | None
    said: str

    @property
    def failed(self) -> bool:
        """Whether Azure says that it went wrong. What is still running, or not told of, has not failed."""
        return self.state in _ENDED_BADLY or self.exit_code not in {None, 0}

    def __str__(self) -> str:
        """The verdict first: a tag has room for the first words only."""
        return f"{self._verdict}; " + (f"its last words: {self.said}" if self.said else "it said nothing")

    @property
    def _verdict(self) -> str:
        match self.state:
            case "timedout":
                return "it was stopped when its time was over"
            case "canceled":
                return "it was cancelled"
            case _:
                return f"exit code {self.exit_code}" if self.exit_code else "it failed"


def script_end(command: Json) -> ScriptEnd:
    """The end of a run command's script, from its GET body with the instance view."""
    view = (command.get("properties") or {}).get("instanceView") or {}
    words = (str(view.get(name) or "").strip() for name in ("output", "error", "executionMessage"))
    code = view.get("exitCode")
    return ScriptEnd(
        state=str(view.get("executionState") or "").lower(),
        exit_code=None if code is None else int(code),
        said=_tail("\n".join(filter(None, words))),
    )


def _tail(text: str) -> str:
    """The end of a text in one line, at most TAIL bytes of UTF-8."""
    return " ".join(text.encode()[-TAIL:].decode(errors="ignore").split())
