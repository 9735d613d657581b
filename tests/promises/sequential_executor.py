"""An executor without threads: what hypothesis draws must come out the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, Self


class InOrder:
    """Does one thing after the other, at once; stands in for a `ThreadPoolExecutor`."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        return None

    @staticmethod
    def map[A, B](act: Callable[[A], B], things: Iterable[A]) -> list[B]:
        """What `act` answers for each."""
        return [act(thing) for thing in things]

    @staticmethod
    def submit[T](act: Callable[..., T], *given: Any) -> Future[T]:
        """What it answers, or what it raises when it is asked for."""
        future: Future[T] = Future()
        try:
            future.set_result(act(*given))
        except BaseException as raised:  # noqa: BLE001 - a process that dies does so for whoever waits
            future.set_exception(raised)
        return future
