"""Rolling upgrade of a virtual machine scale set, as documented.

Taken from Microsoft Learn, "Configure rolling upgrades" and "Rolling upgrades with MaxSurge" (05/2026), "Automatic OS
image upgrades", and azure-facts 1.3: batches of at most 20 % (the default; smaller ones may be set), the next one when
the last is healthy, which is waited for up to 5 minutes; with MaxSurge a batch of new instances is created first and as
many old ones are deleted when those are healthy. Somebody starts it, so its hour is chosen. It knows nothing of AVD:
no drain, no message, no sessions; whoever is on an instance is thrown out when its disk is replaced or it is deleted.
Left out, since scale sets do not do it by themselves: protecting instances with sessions one by one
(protectFromScaleSetActions). That takes a program that watches sessions, and leaves those instances on the old version.
Unknown: the order of instances (here by name). In its favour: an instance that accepts sessions is healthy, so the
wait for health is part of the rebuild time; none comes back unhealthy.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.hosts import Host
from bench.outcome.people import START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """What is set: hours from START to the start, the batch in percent, whether new instances are created first."""

    starts: float = 0
    percent: int = 20
    surge: bool = False

    def __str__(self) -> str:
        return f"starts after {self.starts:g} h, {self.percent} %{', MaxSurge' if self.surge else ''}"


class RollingUpgrade:
    """One rolling upgrade of all instances."""

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Have it started."""
        self.pool, self.left, self.made = pool, 0, 0
        self.waiting = sorted(pool.hosts, key=lambda host: host.name)
        self.batch: list[Host] = []
        pool.at(START + self.chosen.starts * 3600, self._next)

    def _next(self) -> None:
        size = max(1, self.pool.size * self.chosen.percent // 100)
        self.batch, self.waiting = self.waiting[:size], self.waiting[size:]
        self.left = len(self.batch)
        if not self.chosen.surge:
            self.pool.close(self.batch)
        for host in self.batch:
            if self.chosen.surge:
                self.pool.add(Host(f"new-{host.name}", host.build), self._through)
            else:
                self.pool.rebuild(host, self._through)

    def _through(self, _: Host) -> None:
        self.left -= 1
        if self.left:
            return
        if self.chosen.surge:
            self.pool.close(self.batch)
            for host in self.batch:
                self.pool.delete(host)
        self._next()
