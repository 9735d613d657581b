"""Runs Freshcoat's command line as a person would: each line that is typed is shown, with what it answers."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from local.stack.options import ROOT, StackOptions
from local.stack.processes import StackError

_TIMEOUT_SECONDS = "300"
_LOOK_SECONDS = 0.5


class Terminal:
    """Types commands for one Freshcoat, with a configuration of its own in `folder`.

    `check` raises StackError when a process of the stack has ended; it is asked while a command runs.
    """

    def __init__(self, options: StackOptions, folder: Path, console: Console, check: Callable[[], None]) -> None:
        self._console, self._check = console, check
        self._environment = os.environ | {
            "FRESHCOAT_URL": options.app_url,
            "FRESHCOAT_CONFIG_DIR": str(folder),
            "FRESHCOAT_NO_KEYRING": "1",
            "PYTHONPATH": str(ROOT / "cli"),
        }

    def type(self, *words: str) -> None:
        """Run `freshcoat` with these words. Raises StackError when it ends with another exit code than 0."""
        self._console.print(
            f"\n$ freshcoat {shlex.join(words)}", style="cyan", highlight=False, markup=False, soft_wrap=True
        )
        self._console.file.flush()  # what the command prints comes after it
        command = [sys.executable, "-m", "freshcoat_cli", *words, "--timeout", _TIMEOUT_SECONDS]
        with subprocess.Popen(command, cwd=ROOT, env=self._environment) as process:
            try:
                code = self._end_of(process)
            finally:
                process.kill()
        if code:
            raise StackError(f"freshcoat {words[0]} ended with exit code {code} (above).")

    def _end_of(self, process: subprocess.Popen[bytes]) -> int:
        while True:
            try:
                return process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                self._check()
