"""Where everything is printed: answers on stdout, what is said besides on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import cached_property
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from freshcoat_cli.errors import CliError
from freshcoat_cli.output.tables import Column, Item, lay_out
from freshcoat_cli.output.words import plain

_ASCII = str.maketrans({"✔": "+", "✘": "x", "→": ">", "━": "#", "─": "-", "…": "~", "·": "-", "⟳": "o", "◑": "o"})


class Format(StrEnum):
    """How answers are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Tell the command, which knows whether that is a failure. Rich would end it here, with exit code 1."""
        raise  # noqa: PLE0704 - Rich calls this while it handles the BrokenPipeError


class Printer:
    """Prints for one command. `now` is the app's clock where it is known."""

    def __init__(
        self,
        form: Format = Format.TABLE,
        *,
        quiet: bool = False,
        color: bool = True,
        utc: bool = False,
        ascii_only: bool = False,
    ) -> None:
        self.form, self.quiet, self.utc = form, quiet, utc
        self.color = color and "NO_COLOR" not in os.environ
        self.ascii = ascii_only

    @property
    def zone(self) -> tzinfo | None:
        """The zone of moments in lists: UTC if asked for, else this machine's (None)."""
        return UTC if self.utc else None

    @property
    def zone_title(self) -> str:
        """It in the head of a column."""
        return "UTC" if self.utc else datetime.now(UTC).astimezone().tzname() or "local"

    @property
    def for_people(self) -> bool:
        """Whether tables and sentences are wanted on stdout."""
        return self.form is Format.TABLE and not self.quiet

    @property
    def shows_begun(self) -> bool:
        """Whether what was begun is shown before its end is waited for. A program that reads JSON gets the end alone;
        an id is never held back, for what follows may fail."""
        return self.for_people or self.quiet

    @cached_property
    def out(self) -> Console:
        """stdout."""
        return self._console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """stderr."""
        return self._console(sys.stderr)

    @property
    def beside(self) -> Console:
        """Where people read what is no answer: stdout among tables, stderr where a program reads stdout."""
        return self.out if self.for_people else self.err

    @property
    def before_a_question(self) -> Console:
        """Where a person reads what a question is about: not in a file or a pipe, if the question is on a terminal."""
        return self.out if self.for_people and self.out.is_terminal else self.err

    def items(
        self, items: Iterable[Item], columns: Sequence[Column], name: Callable[[Item], object], empty: str
    ) -> None:
        """A list. `name`: what `-q` prints of an item. `empty`: said, on stderr, when there is nothing."""
        if self.quiet:
            for item in items:
                self.line(plain(name(item)))
        elif self.form is Format.JSONL:
            for item in items:
                self.json_line(item)
        else:
            found = list(items)
            if self.form is Format.JSON:
                self.json(found)
            elif found:
                for line in lay_out(columns, found, self.width(self.out)):
                    self.rich(line)
            else:
                self.say(empty)

    def item(self, item: Item, show: Callable[[], Iterable[Text | str]], name: object) -> None:
        """One thing: `show` answers its lines for people."""
        if self.quiet:
            self.line(plain(name))
        elif self.form is Format.JSONL:
            self.json_line(item)
        elif self.form is Format.JSON:
            self.json(item)
        else:
            for line in show():
                self.rich(line)

    def json(self, value: Any) -> None:
        """JSON with indents, coloured for nobody."""
        self.line(_inert(json.dumps(value, indent=2, ensure_ascii=False)))

    def json_line(self, value: Any) -> None:
        """JSON on a line of its own."""
        self.line(_inert(json.dumps(value, ensure_ascii=False)))

    def line(self, text: str) -> None:
        """Exactly this on stdout."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def rich(self, line: Text | str, console: Console | None = None) -> None:
        """A line, neither wrapped nor cut."""
        where = console or self.out
        text = line if isinstance(line, Text) else Text(line)
        if self.only_ascii(where):
            text = Text(text.plain.translate(_ASCII).encode("ascii", "replace").decode(), text.style)
        where.print(text, soft_wrap=True)

    def only_ascii(self, console: Console) -> bool:
        """Whether this console can show nothing else, or is not to."""
        return self.ascii or not _takes_unicode(console.file)

    def say(self, text: str, style: str = "") -> None:
        """A remark on stderr, for people: a program reads nothing there but the error that ended the command."""
        if self.form is Format.TABLE:
            self.rich(Text(plain(text), style), self.err)

    def fail(self, error: CliError) -> None:
        """What went wrong, on stderr: in words, or as JSON for a program."""
        if self.form is not Format.TABLE:
            sys.stderr.write(json.dumps(error.as_json(), ensure_ascii=False) + "\n")
            return
        self.rich(Text(f"✘ {plain(error.title)}", "bold red"), self.err)
        goes_on = [f"It goes on: freshcoat watch {error.begun}"] if error.begun else []
        for line in [*error.lines, *goes_on]:
            self.rich(f"  {plain(line)}", self.err)

    def width(self, console: Console) -> int | None:
        """Cells of a line; None where nothing has to fit, as in a pipe."""
        return console.width if console.is_terminal else None

    def _console(self, file: TextIO) -> Console:
        return _Console(
            file=file,
            no_color=not self.color,
            color_system="auto" if self.color else None,
            highlight=False,
            markup=False,
            emoji=False,
        )


def _inert(text: str) -> str:
    """JSON in which also the control characters above ASCII, which JSON allows, are escaped."""
    return text if text.isascii() and "\x7f" not in text else text.translate(_CONTROL)


_CONTROL = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}


def _takes_unicode(file: Any) -> bool:
    return str(getattr(file, "encoding", "") or "").lower().replace("-", "") in {"utf8", "utf16", "utf16le"}
