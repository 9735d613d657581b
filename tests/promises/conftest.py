"""placeholder"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

import pytest

from shared.publishing import carry_out


class InOrder:
    """Does one thing after the other: what is drawn must come out the same each time."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        return None

    @staticmethod
    def map[A, B](act: Callable[[A], B], things: Iterable[A]) -> Iterable[B]:
        """What `act` answers for each, in order."""
        return [act(thing) for thing in things]


@pytest.fixture(autouse=True)
def one_thing_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hands of a look work without threads."""
    monkeypatch.setattr(carry_out, "ThreadPoolExecutor", InOrder)
