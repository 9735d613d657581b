"""A thing as people read it: a heading, then facts in two columns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.text import Text

Fact = tuple[str, str]


def facts(title: str | Text, pairs: Iterable[Fact | None]) -> Iterator[Text | str]:
    """The heading, an empty line, and each fact that has something to say."""
    said = [pair for pair in pairs if pair and pair[1]]
    yield title if isinstance(title, Text) else Text(title, "bold")
    if said:
        yield ""
        yield from aligned(said)


def aligned(pairs: Iterable[Fact]) -> Iterator[Text]:
    """Facts with their values below each other."""
    said = list(pairs)
    size = max((cell_len(name) for name, _ in said), default=0)
    for name, value in said:
        line = Text()
        line.append(name + " " * (size - cell_len(name) + 2), "dim")
        line.append(value)
        yield line
