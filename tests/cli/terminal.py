"""The command line in a terminal of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
from pexpect.fdpexpect import fdspawn

from tests.cli.app import LONGEST, environment

_TAKES_THE_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "freshcoat_cli", *sys.argv[1:]])
"""
"""So that Ctrl-C reaches it, also where the tests run in the background, which ignores it. In the child: a fork of
this process, which has threads, might hang."""


_OF_THE_TESTS = {"COLUMNS", "LINES", "NO_COLOR"}
"""Variables that say how wide the terminal of the tests is, not this one."""


class Terminal:
    """`freshcoat` in a terminal of this size (lines, columns)."""

    def __init__(
        self, folder: Path, arguments: tuple[str, ...], size: tuple[int, int], more: dict[str, str], out: Path | None
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        known = {
            name: text for name, text in environment(folder).items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}
        }
        file = out.open("w") if out else None
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", _TAKES_THE_TERMINAL, *arguments],
            env={**known, "TERM": "xterm-256color", **more},
            stdin=slave,
            stdout=file or slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        if file:
            file.close()
        self._seen = _Written()
        self._expects: Any = fdspawn(self._master, timeout=LONGEST, encoding="utf-8")
        self._expects.logfile_read = self._seen

    def expect(self, text: str) -> None:
        """Wait until exactly this is written."""
        self._expects.expect_exact(text)

    def match(self, pattern: str) -> None:
        """Wait until something like this is written."""
        self._expects.expect(pattern)

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.type("\x03")

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """Wait for its end; the exit code."""
        with contextlib.suppress(OSError):  # what Linux answers at the end of a terminal
            self._expects.expect(pexpect.EOF)
        return self._process.wait(LONGEST)

    @property
    def raw(self) -> str:
        """All that was written."""
        return self._seen.text

    @property
    def text(self) -> str:
        """Without colours; what else steers the terminal begins a new line."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", re.sub(r"\x1b\[[0-9;]*m", "", self.raw))

    def close(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(LONGEST)
        self._expects.close()


class _Written:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        """Nothing is held back."""


@contextmanager
def terminal(
    folder: Path, *arguments: str, size: tuple[int, int] = (24, 80), out: Path | None = None, **more: str
) -> Iterator[Terminal]:
    """`freshcoat` with these arguments and variables, in a terminal. `out`: a file in place of it for stdout."""
    opened = Terminal(folder, arguments, size, more, out)
    try:
        yield opened
    finally:
        opened.close()
