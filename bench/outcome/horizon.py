"""Model of Horizon: a new image for a farm of session hosts, with the options "wait" and "force", as documented.

Sources: the Horizon View API (`FarmMaintenanceSpec`, `DesktopPushImageSettings`: FORCE_LOGOFF, WAIT_FOR_LOGOFF, start
time), "Schedule Maintenance for an Automated Instant-Clone Farm" (Horizon 7.13 and 2212) and "Patching by push image"
(2106). The operation starts now or at a given time. "Wait" updates hosts without sessions at once, and other hosts
when their users have logged off. "Force" notifies users and signs them out after a grace period (global setting). The
minimum farm size is the number of hosts that stay available: when a host returns, another one is updated. Push image
is for pools of single desktops; for hosts shared by several users, as here, farm maintenance has the same two options.
"Wait" has no deadline: it ends when the last host was empty, or never.
Unknown: whether a waiting host still accepts new sessions, and whether immediate maintenance respects the minimum. For
both, both readings are run. Also unknown: how many clones are created at once (here any number), and the length of the
grace period (here the same as the notice of the others). In its favour: rebuilding takes as long as on Azure, hosts
accept no new sessions after the notice of "force", and hosts with the fewest sessions are updated first.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.batches import Batch
from bench.outcome.hosts import Host
from bench.outcome.people import START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Waiting:
    """Settings of "wait": the minimum of available hosts, and whether a waiting host accepts no new sessions."""

    minimum: int = 0
    drains: bool = False

    def __str__(self) -> str:
        return f"{'drained' if self.drains else 'not drained'}, {self.minimum} hosts kept"


@dataclass(frozen=True)
class Forcing:
    """Settings of "force": the start in hours after START, the minimum of available hosts, the grace in minutes."""

    starts: float = 0
    minimum: int = 100
    minutes: float = 60

    def __str__(self) -> str:
        return f"starts after {self.starts:g} h, {self.minimum} hosts kept, {self.minutes:g} min"


class PushWait:
    """Maintenance that waits for users to log off."""

    def __init__(self, chosen: Waiting) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Start now."""
        self.pool = pool
        self.out: set[str] = set()
        pool.on_left = self._left
        self._go_on()

    def _go_on(self, _: Host | None = None) -> None:
        """Put as many hosts into maintenance as the minimum allows, those with the fewest sessions first."""
        room = self.pool.size - self.chosen.minimum - len(self.out)
        waiting = [host for host in self.pool.hosts if not host.new and host.name not in self.out]
        for host in sorted(waiting, key=lambda host: len(host.people))[: max(0, room)]:
            if self.chosen.drains or host.idle:
                self.out.add(host.name)
                self.pool.accept(host, accepting=False)
                self._left(host)

    def _left(self, host: Host) -> None:
        """Rebuild the host if it is in maintenance and empty."""
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
    """Maintenance that forces users to log off."""

    def __init__(self, chosen: Forcing) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Schedule the maintenance."""
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
