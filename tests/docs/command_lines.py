"""Lines of the command line in a page, and what they name that `freshcoat` does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from typer.main import get_command

from freshcoat_cli.main import app

_LINE = re.compile(r"(?:^|[`( ])freshcoat ([a-z][^`\n]*)", re.MULTILINE)
_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s'\"]+")


def unknown_names(text: str) -> list[str]:
    """Each line with a command or an option that does not exist, and which one. Values are not looked at."""
    return [f"{line}: {name}" for line in _LINE.findall(text) for name in _unknown(line)]


def without_time(text: str) -> list[str]:
    """Each line that names what is to be updated, and not when: it would be refused."""
    found = (line for line in _LINE.findall(text) if "…" not in line and "[" not in line)
    return [line for line in found if _needs_time(line) and not re.search(r"--(pools-)?(now|at|on-logoff)\b", line)]


def _needs_time(line: str) -> bool:
    command, _, rest = line.partition(" ")
    if command in {"activate", "roll-back-image", "promote"}:
        return "--update-pools" in rest and "--update-pools none" not in rest
    return command in {"update-image", "update-pools"} and bool(re.search(r"(^|\s)\d+\.\d+\.\d+\b", rest))


def _unknown(line: str) -> Iterator[str]:
    """Up to a comment, a pipe, or the bracket in which the command stands."""
    words = _WORD.findall(re.split(r"\s#|\s\|| && |;|\)", line)[0])
    command = _root()
    while words and not words[0].startswith("-") and (commands := getattr(command, "commands", None)):
        if words[0] not in commands:
            yield words[0]
            return
        command, words = commands[words[0]], words[1:]
    known = {option for parameter in [*command.params, *_root().params] for option in parameter.opts}
    yield from (word for word in words if word.startswith("-") and word.partition("=")[0] not in {*known, "--help"})


@cache
def _root() -> Any:
    return get_command(app)
