"""When to poll a long-running operation first: around the median duration of earlier ones of its kind.

Polling every half minute from the start would cost ten reads instead of two, and ARM allows an identity 25 reads a
second for all its hosts. The estimate is kept per worker, in memory: a wrong one only costs some seconds or a read.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from shared.models.azure import OperationKind

USUAL = {
    OperationKind.REIMAGE: 11.0,
    OperationKind.CREATE: 11.0,
    OperationKind.JOIN: 4.0,
    OperationKind.REGISTER: 9.0,
    OperationKind.DEALLOCATE: 4.0,
    OperationKind.POWER_ON: 3.0,
}
"""Initial estimates, in polls of half a minute: the middle of the ranges in azure-facts 1.9. Kinds that are missing
here finish within one poll."""

_STEP, _SPREAD = 0.05, 0.25
"""A running estimate of the median. Each operation moves the wait by 5 % towards 75 % of the wait that it was given
itself (it was done by then) or 125 % (it was not). Operations that started together can thus not move it by more than
25 %."""
_LEAST, _MOST = 1.0, 3.0
"""Bounds: at least one poll, at most this multiple of the initial estimate. A stuck pool must not lead to hours."""
_LATER = 0.25
"""The fraction of the first wait between later polls."""


class PollEstimator:
    """The estimates of one worker by kind of operation, starting with `usual`. Thread-safe."""

    def __init__(self, usual: Mapping[OperationKind, float] = USUAL) -> None:
        self._lock = Lock()
        self._usual, self._waits = usual, dict(usual)

    def first(self, kind: OperationKind) -> float:
        """How many poll intervals to wait before the first poll."""
        return self._waits.get(kind, 1.0)

    def later(self, kind: OperationKind) -> float:
        """How many poll intervals to wait between later polls."""
        return max(1.0, _LATER * self.first(kind))

    def learn(self, kind: OperationKind, waited: float, *, finished: bool) -> None:
        """Update the estimate: whether an operation was done at its first poll, after `waited` poll intervals."""
        if kind not in self._usual:
            return
        drawn_to = waited * (1 - _SPREAD if finished else 1 + _SPREAD)
        with self._lock:
            moved = self._waits[kind] + _STEP * (drawn_to - self._waits[kind])
            self._waits[kind] = min(_MOST * self._usual[kind], max(_LEAST, moved))
