"""Runs scheduled calls from a single thread."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import datetime


class Alarms:
    """Calls functions at given times from one daemon thread."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="engine-alarms", daemon=True).start()

    def at(self, when: datetime, call: Callable[[], None]) -> None:
        """Call ``call`` at ``when``, or immediately when that time has passed."""
        with self._changed:
            heapq.heappush(self._due, (when.timestamp(), next(self._numbers), call))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.time():
                    self._changed.wait(self._due[0][0] - time.time() if self._due else None)
                call = heapq.heappop(self._due)[2]
            call()
