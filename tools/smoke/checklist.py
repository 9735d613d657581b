"""The questions of docs/unverified.md as a check-list: what to try, and the result to expect."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "unverified.md"
_ROW = re.compile(r"^\| (\d+) \|(.+)\|$")
_CELL = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@dataclass(frozen=True)
class Question:
    """One thing that only a real subscription can show."""

    number: int
    section: str
    asked: str
    expected: str
    otherwise: str = ""


def questions(text: str) -> Iterator[Question]:
    """The rows of all tables of the page, in its order."""
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ").strip()
        if row := _ROW.match(line):
            cells = [_plain(cell) for cell in _CELL.split(row[2])]
            yield Question(int(row[1]), section, cells[0], cells[1], cells[2] if len(cells) > 2 else "")


def _plain(cell: str) -> str:
    return _LINK.sub(r"\1", cell).replace("**", "").replace("`", "").replace("\\|", "|").strip()


def checklist(found: Collection[Question], settled: Collection[int]) -> Iterator[str]:
    """It as lines: a box for each question, marked where a check of this run has answered a part of it."""
    section = ""
    for question in found:
        if question.section != section:
            section = question.section
            yield f"\n{section}"
        yield f"[{'~' if question.number in settled else ' '}] {question.number}. {question.asked}"
        yield f"      expected: {question.expected}"
        if question.otherwise:
            yield f"      otherwise: {question.otherwise}"
