"""Tables that fit: columns that have no room are left out, the least needed first. Pure, but for the width."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

Item = Mapping[str, Any]
GAP = 3
NARROWEST = 8
"""No column is cut to less than so many cells."""


@dataclass(frozen=True)
class Column:
    """A column of a list. `text` answers a cell, already one plain line.

    `spare`: 0 is never left out; of the others, the highest number goes first when there is no room.
    """

    title: str
    text: Callable[[Item], str]
    spare: int = 0
    right: bool = False
    style: Callable[[Item], str] = lambda _: ""


def lay_out(columns: Sequence[Column], items: Sequence[Item], width: int | None) -> list[Text]:
    """The lines of a table: a head, and one for each item. `width` None: as wide as it wants to be."""
    cells = [[column.text(item) for item in items] for column in columns]
    sizes = [max([cell_len(column.title), *map(cell_len, texts)]) for column, texts in zip(columns, cells, strict=True)]
    shown = _with_room(columns, cells, sizes, width)
    if width is not None:
        sizes = _cut(sizes, shown, width)
    head = _line([(columns[i].title, sizes[i], columns[i].right, "bold") for i in shown])
    rows = [
        _line([(cells[i][row], sizes[i], columns[i].right, columns[i].style(item)) for i in shown])
        for row, item in enumerate(items)
    ]
    return [head, *rows]


def _with_room(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], sizes: Sequence[int], width: int | None
) -> list[int]:
    """Which columns are shown. One that can be spared and says nothing of any item is not."""
    shown = [i for i, column in enumerate(columns) if column.spare == 0 or any(cells[i])]
    while width is not None and _width(sizes, shown) > width:
        spare = max(shown, key=lambda i: (columns[i].spare, i))
        if columns[spare].spare == 0:
            break
        shown.remove(spare)
    return shown


def _width(sizes: Sequence[int], shown: Sequence[int]) -> int:
    return sum(sizes[i] for i in shown) + GAP * (len(shown) - 1)


def _cut(sizes: Sequence[int], shown: Sequence[int], width: int) -> list[int]:
    """Sizes at which the shown columns fit: the widest lose first."""
    cut = list(sizes)
    while (over := _width(cut, shown) - width) > 0:
        widest = max(shown, key=lambda i: cut[i])
        if cut[widest] <= NARROWEST:
            break
        others = max((cut[i] for i in shown if i != widest), default=NARROWEST)
        cut[widest] = max(NARROWEST, cut[widest] - max(1, min(over, cut[widest] - others)))
    return cut


def _line(parts: Sequence[tuple[str, int, bool, str]]) -> Text:
    line = Text()
    for place, (text, size, right, style) in enumerate(parts):
        last = place == len(parts) - 1
        fitted = _fit(text, size)
        pad = " " * (size - cell_len(fitted))
        line.append(pad if right else "")
        line.append(fitted, style or None)
        line.append("" if last else (" " * GAP if right else pad + " " * GAP))
    line.rstrip()
    return line


def _fit(text: str, size: int) -> str:
    return text if cell_len(text) <= size else set_cell_size(text, size - 1).rstrip() + "…"


def bar(percent: int, cells: int = 16) -> str:
    """`━━━━━━──────────`."""
    full = max(0, min(cells, round(cells * percent / 100)))
    return "━" * full + "─" * (cells - full)
