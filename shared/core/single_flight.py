"""Does a piece of work once for all who ask for it at the same time, without holding a lock meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any

from shared.core.errors import AzureBusy

LONGEST_WAIT = 10.0
"""Seconds that a caller waits for another one's work: threads must not queue up behind a service that hangs."""
_RETRY_AFTER = 5.0


class SingleFlight:
    """Work under way, by key. Thread-safe."""

    def __init__(self, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self._lock = Lock()
        self._flights: dict[Hashable, Future[Any]] = {}

    def has(self, key: Hashable) -> bool:
        """Whether this work is under way."""
        return key in self._flights

    def run[T](self, key: Hashable, work: Callable[[], T]) -> T:
        """The result of `work`, or of the same work that another thread does already. So are its errors.

        Raises AzureBusy when the other thread takes too long.
        """
        with self._lock:
            flight: Future[T] | None = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not leads:
            return self._join(flight)
        try:
            result = work()
        except BaseException as error:
            self._land(key)
            flight.set_exception(error)
            raise
        self._land(key)
        flight.set_result(result)
        return result

    def _land(self, key: Hashable) -> None:
        with self._lock:
            del self._flights[key]

    def _join[T](self, flight: Future[T]) -> T:
        try:
            return flight.result(self._longest_wait)
        except TimeoutError:
            if flight.done():
                raise
            text = "the tables or Azure take long to answer; try again in a moment"
            raise AzureBusy("wait for a read", None, "Timeout", text, retry_after=_RETRY_AFTER) from None
