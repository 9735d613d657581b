"""Model of AVD session host update (Microsoft, preview), as documented.

Sources: Microsoft Learn, "Session host update" (01/2025) and "Update session hosts using session host update"
(10/2024), and azure-facts 1.7. The administrator chooses the start, up to two weeks ahead. One initial host is updated
first, then batches of a chosen size, which is also the maximum of unavailable hosts. Hosts are chosen by name. Users
are notified, and the service signs out the remaining ones after a chosen time (0 to 60 minutes). Then follow drain,
removal, a new VM, join and undrain. New sessions are directed to updated hosts. There is no deadline, and it does not
wait for logoffs.
Unknown, and decided in its favour: chosen hosts accept no new sessions after the notification, an empty batch does not
wait for the time to pass, and users are placed on an old host only when the updated hosts are full.
Unknown, and decided as in the page's example ("three batches of three"): a batch starts when the last one has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.batches import Batch
from bench.outcome.hosts import Host
from bench.outcome.people import START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """The settings: the start in hours after START, hosts per batch, minutes from the notice to the sign-out."""

    starts: float = 0
    batch: int = 20
    minutes: float = 60

    def __str__(self) -> str:
        return f"starts after {self.starts:g} h, batches of {self.batch}, {self.minutes:g} min"


class SessionHostUpdate:
    """Updates all hosts once."""

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Schedule the update."""
        self.pool = pool
        self.batch: Batch | None = None
        self.waiting = sorted(pool.hosts, key=lambda host: host.name)
        pool.on_left = self._left
        pool.at(START + self.chosen.starts * 3600, self._start)

    def _start(self) -> None:
        self.pool.prefers_new = True
        self._next(1)

    def _next(self, size: int) -> None:
        hosts, self.waiting = self.waiting[:size], self.waiting[size:]
        if hosts:
            self.batch = Batch(self.pool, hosts, self.chosen.minutes, self._through)

    def _through(self) -> None:
        self._next(self.chosen.batch)

    def _left(self, _: Host) -> None:
        if self.batch:
            self.batch.emptied()
