"""When a long operation is asked after for the first time: about when half of those before it were through.

Asking every half minute from the start costs ten reads where two do, and ARM grants an identity 25 a second for all its
hosts. Held per worker, in memory: it is a habit, not a fact, and a wrong one costs some seconds or a read.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

USUAL = {"reimage": 11.0, "create": 11.0, "join": 4.0, "register": 9.0, "deallocate": 4.0, "power_on": 3.0}
"""Until some have been seen, in polls of half a minute: the middle of the estimates in azure-facts 1.9. What is not
named here is soon through."""

_STEP, _SPREAD = 0.05, 0.25
"""One operation draws the wait by a twentieth towards a quarter less than it was given itself, or a quarter more. So it
settles where as many come early as late; and hundreds that were begun together, before any of them had told anything,
move it by a quarter at the most, not each of them a little further."""
_LEAST, _MOST = 1.0, 3.0
"""It stays between one poll and so many times the usual wait: a pool that is stuck teaches nobody to wait for hours."""
_LATER = 0.25
"""Of the first wait, what passes between the asks after it."""


class PollEstimator:
    """What this worker has learned about each kind of operation, beginning with `usual`. Safe for many threads."""

    def __init__(self, usual: Mapping[str, float] = USUAL) -> None:
        self._lock = Lock()
        self._usual, self._waits = usual, dict(usual)

    def first(self, kind: str) -> float:
        """How many polls to wait before the first ask."""
        return self._waits.get(kind, 1.0)

    def later(self, kind: str) -> float:
        """How many polls to wait between the asks after the first."""
        return max(1.0, _LATER * self.first(kind))

    def learn(self, kind: str, waited: float, *, through: bool) -> None:
        """Note whether an operation was through at its first ask, so many polls after it was begun."""
        if kind not in self._usual:
            return
        drawn_to = waited * (1 - _SPREAD if through else 1 + _SPREAD)
        with self._lock:
            moved = self._waits[kind] + _STEP * (drawn_to - self._waits[kind])
            self._waits[kind] = min(_MOST * self._usual[kind], max(_LEAST, moved))
