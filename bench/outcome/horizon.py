"""Horizon: a new image for a farm of session hosts, with "wait" and with "force", as documented.

Taken from the Horizon View API (`FarmMaintenanceSpec`, `DesktopPushImageSettings`: FORCE_LOGOFF, WAIT_FOR_LOGOFF, start
time), "Schedule Maintenance for an Automated Instant-Clone Farm" (Horizon 7.13 and 2212) and "Patching by push image"
(2106): the operation starts now or at a given time; "wait": at once on hosts without a session, on the others when
their people have logged off, which are not disturbed; "force": people are notified and signed out after a grace period
(global setting); the minimum farm size is the number of hosts kept available: as one host comes back, another goes.
Push image is for pools of single desktops; for hosts that many people share, as here, it is the farm's maintenance,
with the same two options. "Wait" has no deadline: it ends when the last host was empty, or not at all.
Unknown: whether a host that waits still takes new sessions. Both are run; and whether immediate maintenance heeds the
minimum: both are run. Unknown too: how many clones are made at once (here any number), how long the grace may be (here
as long as the others' notice). In its favour: rebuilding takes as long as on Azure for all, and hosts that are forced
take no new sessions from the notice on; those with the fewest sessions go first.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.batches import Batch
from bench.outcome.hosts import Host
from bench.outcome.people import START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Waiting:
    """Of "wait": hosts kept available, and whether one that waits for its people takes no new ones."""

    minimum: int = 0
    drains: bool = False

    def __str__(self) -> str:
        return f"{'drained' if self.drains else 'not drained'}, {self.minimum} hosts kept"


@dataclass(frozen=True)
class Forcing:
    """Of "force": hours from START to the start, hosts kept available, minutes of grace."""

    starts: float = 0
    minimum: int = 100
    minutes: float = 60

    def __str__(self) -> str:
        return f"starts after {self.starts:g} h, {self.minimum} hosts kept, {self.minutes:g} min"


class PushWait:
    """Wait for users to log off."""

    def __init__(self, chosen: Waiting) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Start now."""
        self.pool = pool
        self.out: set[str] = set()
        pool.on_left = self._left
        self._go_on()

    def _go_on(self, _: Host | None = None) -> None:
        """Put as many hosts into maintenance as the minimum leaves, the emptiest first."""
        room = self.pool.size - self.chosen.minimum - len(self.out)
        waiting = [host for host in self.pool.hosts if not host.new and host.name not in self.out]
        for host in sorted(waiting, key=lambda host: len(host.people))[: max(0, room)]:
            if self.chosen.drains or host.idle:
                self.out.add(host.name)
                self.pool.accept(host, accepting=False)
                self._left(host)

    def _left(self, host: Host) -> None:
        """Rebuild it if it was waited for, and nobody is left."""
        if host.new or not host.idle or not host.there:
            return
        if host.name in self.out:
            self.pool.rebuild(host, self._back)
        else:
            self._go_on()

    def _back(self, host: Host) -> None:
        self.out.discard(host.name)
        self._go_on()


class PushForce:
    """Force users to log off."""

    def __init__(self, chosen: Forcing) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Schedule it."""
        self.pool, self.out = pool, 0
        self.batches: dict[str, Batch] = {}
        pool.on_left = self._left
        pool.at(START + self.chosen.starts * 3600, self._go_on)

    def _go_on(self) -> None:
        room = self.pool.size - self.chosen.minimum - self.out
        waiting = [host for host in self.pool.hosts if not host.new and host.name not in self.batches]
        for host in sorted(waiting, key=lambda host: len(host.people))[: max(0, room)]:
            self.out += 1
            self.batches[host.name] = Batch(self.pool, [host], self.chosen.minutes, self._back)

    def _back(self) -> None:
        self.out -= 1
        self._go_on()

    def _left(self, host: Host) -> None:
        if host.name in self.batches:
            self.batches[host.name].emptied()
