"""One bash for all blocks of a page, which tells what each command printed and how its HTTP call was answered."""

from __future__ import annotations

# ruff: noqa: S607 (the reader's own shell)
import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from local.stack.options import ROOT

_LONGEST = 100.0
"""Seconds that one command may take."""

_SPY = 'curl() { command curl --dump-header "$DOCS_HEADERS" "$@"; }'
"""The headers of the last call of a command: `curl -s` shows no status."""


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code, all that it printed, and the status of its last HTTP call (0: none)."""

    code: int
    output: str
    status: int


class Shell:
    """A bash in the project's folder. Leave the `with` block, and all that it has started is gone."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._command, self._output = directory / "command", directory / "output"
        self._headers = directory / "headers"
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=ROOT,
            env={**os.environ, **environment, "DOCS_HEADERS": str(self._headers)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.run(_SPY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kill()
        self._process.wait()

    def run(self, command: str) -> Ran:
        """Run a command in the shell itself, so that what it sets is known to the next ones."""
        self._command.write_text(f"{command}\n")
        self._headers.unlink(missing_ok=True)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f". '{self._command}' > '{self._output}' 2>&1 < /dev/null; echo $?\n")
        self._process.stdin.flush()
        watch = threading.Timer(_LONGEST, self._kill)
        watch.start()
        try:
            code = self._process.stdout.readline().strip()
        finally:
            watch.cancel()
        output = self._output.read_text()
        assert code, f"no end after {_LONGEST:.0f} s, or bash ended:\n{command}\n{output}"
        return Ran(int(code), output, self._status())

    def _status(self) -> int:
        headers = self._headers.read_text() if self._headers.exists() else ""
        found = re.findall(r"^HTTP/\S+ (\d{3})", headers, re.MULTILINE)
        return int(found[-1]) if found else 0

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
