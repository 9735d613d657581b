"""AVD session host update (Microsoft, preview), as documented.

Taken from Microsoft Learn, "Session host update" (01/2025) and "Update session hosts using session host update"
(10/2024), and azure-facts 1.7: the administrator chooses when it starts, up to two weeks ahead; one host (the initial)
first, then batches of a size the administrator chooses, each of which is the most that is unavailable; hosts are chosen
by name; people are notified, the service waits as long as the administrator said (0 to 60 minutes) and signs out who
remains; then drain, removal, a new VM, join, drain off. New sessions are directed to hosts that are updated already.
It knows no deadline and no last log-off.
Unknown, and decided in its favour: chosen hosts take no new sessions from the notification on; a batch on which nobody
is left does not wait for its time to pass; a person gets to a host not yet updated only when the updated ones are full.
Unknown, and decided as the page's example has it ("three batches of three"): a batch begins when the last is through.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.batches import Batch
from bench.outcome.hosts import Host
from bench.outcome.people import START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """What is chosen: hours from START to the start, hosts in a batch, minutes from the notice to the sign-out."""

    starts: float = 0
    batch: int = 20
    minutes: float = 60

    def __str__(self) -> str:
        return f"starts after {self.starts:g} h, batches of {self.batch}, {self.minutes:g} min"


class SessionHostUpdate:
    """One update of all hosts."""

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Schedule it."""
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
