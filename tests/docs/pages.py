"""README and the pages of docs/ as shell blocks, and a block as commands with the answers shown below them."""

from __future__ import annotations

# ruff: noqa: S607 (bash itself says where a command ends)
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.stack.options import ROOT

MARKERS = ("# needs Azure", "# on its own")
"""First lines of blocks that are not run here: they act on a real subscription, or start a stack of their own."""

_FENCE = re.compile(r"^```(.*)$")
_STATUS = re.compile(r"^# (\d{3})(?: (.*))?$")


class BadPage(Exception):
    """A page that cannot be run as it is written."""


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, and its lines."""

    page: str
    line: int
    language: str
    lines: tuple[str, ...]

    @property
    def marker(self) -> str:
        """Why the block is not run, or nothing."""
        first = self.lines[0] if self.lines else ""
        return next((marker for marker in MARKERS if first == marker or first.startswith(f"{marker}:")), "")


@dataclass(frozen=True)
class Command:
    """One shell command, where it stands, and the status and answer that are shown below it."""

    line: int
    text: str
    status: int | None = None
    answer: str = ""


def pages() -> list[Path]:
    """README and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order. Raises BadPage when the last one is not closed."""
    name, found, opened = str(page.relative_to(ROOT)), [], None
    lines = page.read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        fence = _FENCE.match(line)
        if fence and opened is None:
            opened = (number, fence.group(1).strip())
        elif fence and opened:
            found.append(Block(name, opened[0], opened[1], tuple(lines[opened[0] : number - 1])))
            opened = None
    if opened:
        raise BadPage(f"{name}:{opened[0]}: the block is not closed")
    return found


def shell_blocks(page: Path) -> list[Block]:
    """The `sh` blocks of a page."""
    return [block for block in blocks(page) if block.language == "sh"]


def commands(block: Block) -> list[Command]:
    """The commands of a block, each with the answer below it. Raises BadPage when an answer would not be compared."""
    found: list[Command] = []
    for line, lines in _pieces(block):
        if not lines[0].startswith("#"):
            found.append(Command(line, "\n".join(lines)))
            _no_hidden_answer(block, line, lines[-1])
            continue
        shown = _STATUS.match(lines[0])
        if shown and found and found[-1].status is None:
            answer = "\n".join([shown.group(2) or "", *(more.removeprefix("#") for more in lines[1:])]).strip()
            found[-1] = Command(found[-1].line, found[-1].text, int(shown.group(1)), answer)
        elif shown or any("{" in more for more in lines):
            raise BadPage(f"{block.page}:{line}: an answer begins with its status, right below its command")
    return found


def _pieces(block: Block) -> Iterator[tuple[int, list[str]]]:
    """Runs of comment lines, and commands as bash reads them, each with the number of its first line."""
    open_lines: list[str] = []
    for number, line in enumerate(block.lines, start=block.line + 1):
        if not open_lines and not line.strip():
            continue
        comment = line.startswith("#")
        if open_lines and open_lines[0].startswith("#"):
            if comment and not _STATUS.match(line):
                open_lines.append(line)
                continue
            yield number - len(open_lines), open_lines
            open_lines = []
        open_lines.append(line)
        if not comment and _is_complete("\n".join(open_lines)):
            yield number - len(open_lines) + 1, open_lines
            open_lines = []
    if open_lines:
        if not open_lines[0].startswith("#"):
            raise BadPage(f"{block.page}:{block.line}: bash finds no end of: {open_lines[0]}")
        yield block.line + 1 + len(block.lines) - len(open_lines), open_lines


def _is_complete(text: str) -> bool:
    """Whether bash needs no further line; it warns of an open here-document, and is silent about a backslash."""
    checked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return checked.returncode == 0 and not checked.stderr and not text.endswith("\\")


def _no_hidden_answer(block: Block, line: int, last: str) -> None:
    if re.search(r"\s#.*[{…]", last):
        raise BadPage(f"{block.page}:{line}: an answer stands on lines of its own, below its command")
