"""The row that the check of a reading request has read, so that its handler does not read it a second time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.models.base import Record

_rows: ContextVar[dict[tuple[type[Record], str], Record] | None] = ContextVar("just read", default=None)
"""By model and name. None outside of a reading request: whatever changes something reads for itself."""


@contextmanager
def reading_once() -> Iterator[None]:
    """Let what is read in this block first be found once more without a read."""
    token = _rows.set({})
    try:
        yield
    finally:
        _rows.reset(token)


def keep(row: Record, name: str) -> None:
    """Keep a row for the handler of this request."""
    rows = _rows.get()
    if rows is not None:
        rows[(type(row), name)] = row


def take[R: Record](model: type[R], name: str) -> R | None:
    """The kept row, once: whoever asks a second time wants to see what has changed."""
    row = (_rows.get() or {}).pop((model, name), None)
    return row if isinstance(row, model) else None
