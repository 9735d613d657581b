"""Parses the result of a managed run command's script from the command's instance view. Pure.

A non-zero exit code means failure; output and error hold the last 4 KB each (Azure's documentation of managed run
commands for Windows).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.core.plain_text import one_line
from shared.models.directory import JoinFacts

Json = dict[str, Any]

TAIL = 4_096
"""Maximum bytes of a script's output in a message."""
_ENDED_BADLY = frozenset({"failed", "timedout", "canceled"})


@dataclass(frozen=True)
class ScriptEnd:
    """The result of a script. `state` is in lower case; `exit_code` is None when Azure reports none."""

    state: str
    exit_code: int | None
    said: str

    @property
    def failed(self) -> bool:
        """Whether Azure reports a failure. A script that is still running, or unknown, has not failed."""
        return self.state in _ENDED_BADLY or self.exit_code not in {None, 0}

    def __str__(self) -> str:
        """The result first, since a tag has room for a few words only; then the output."""
        return f"{self._verdict}; " + (f"output: {self.said}" if self.said else "no output")

    @property
    def _verdict(self) -> str:
        match self.state:
            case "timedout":
                return "timed out"
            case "canceled":
                return "cancelled"
            case _:
                return f"exit code {self.exit_code}" if self.exit_code else "failed"


def script_end(command: Json) -> ScriptEnd:
    """The result of a run command's script, from its GET body with the instance view."""
    view = (command.get("properties") or {}).get("instanceView") or {}
    words = (str(view.get(name) or "").strip() for name in ("output", "error", "executionMessage"))
    code = view.get("exitCode")
    return ScriptEnd(
        state=str(view.get("executionState") or "").lower(),
        exit_code=None if code is None else int(code),
        said=_tail("\n".join(filter(None, words))),
    )


def join_facts(command: Json) -> JoinFacts:
    """What `inspect_join.ps1` printed, from the GET body of its run command. Lines that are cut off say nothing."""
    view = (command.get("properties") or {}).get("instanceView") or {}
    pairs = [line.strip().partition("=") for line in str(view.get("output") or "").splitlines()]
    given = {name: value.strip() for name, _, value in pairs if name != "log"}
    return JoinFacts(
        entra_joined=given.get("entra_joined", "").upper() == "YES",
        device_id=given.get("device_id", "").lower(),
        device_valid=given.get("device_auth", "").upper() == "SUCCESS",
        domain=given.get("domain", ""),
        domain_trusted=given.get("domain_trust", "").lower() == "true",
        log=tuple(value for name, _, value in pairs if name == "log"),
    )


def _tail(text: str) -> str:
    """The end of a text in one line, at most TAIL bytes of UTF-8."""
    return one_line(" ".join(text.encode()[-TAIL:].decode(errors="ignore").split()))
