"""Model of the rolling upgrade of a virtual machine scale set, as documented.

Sources: Microsoft Learn, "Configure rolling upgrades" and "Rolling upgrades with MaxSurge" (05/2026), "Automatic OS
image upgrades", and azure-facts 1.3. Batches have at most 20 % of the instances (the default; smaller ones may be
set). The next batch starts when the last one is healthy, after at most 5 minutes. With MaxSurge, a batch of new
instances is created first, and as many old ones are deleted when the new ones are healthy. An administrator chooses
the start. A scale set has no drain, message or sessions: users are signed out when the disk of their instance is
replaced or the instance is deleted.
Not included, because scale sets do not do it themselves: protecting instances with sessions
(protectFromScaleSetActions). That needs a program that watches sessions, and leaves those instances on the old version.
Unknown: the order of instances (here by name). In its favour: an instance that accepts sessions is healthy, so that
waiting for health is part of the rebuild time, and no instance becomes unhealthy.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.hosts import Host
from bench.outcome.people import START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """The settings: the start in hours after START, the batch in percent, and whether to create new instances first."""

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
        """Schedule the start."""
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
