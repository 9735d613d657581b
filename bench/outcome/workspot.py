"""Model of Workspot's Update Image with "On Log Off", as documented.

Source: Workspot's "Publishing Updated Desktop Images in Non-Persistent Desktop Pools". Desktops without logged-in
users are updated immediately, others when their users log off. At the given date and time, users of the remaining
desktops are logged off. According to the page, there are no warnings and no minimum of available desktops.
The page describes desktops of one person. Here a desktop is a host shared by several users, so "log off" means the
logoff of its last user. Unknown: whether a waiting host still accepts new sessions. Both readings are run. In its
favour: any number of desktops is updated at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.hosts import Host
from bench.outcome.people import DEADLINE, START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """The settings: the deadline in hours after START, and whether a waiting host accepts no new sessions."""

    deadline: float = DEADLINE / 3600
    drains: bool = False

    def __str__(self) -> str:
        return f"deadline after {self.deadline:g} h, {'drained' if self.drains else 'not drained'}"


class OnLogOff:
    """Runs Update Image once."""

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Publish the new version now."""
        self.pool = pool
        pool.on_left = self._left
        for host in list(pool.hosts):
            if self.chosen.drains:
                pool.accept(host, accepting=False)
            self._left(host)
        pool.at(START + self.chosen.deadline * 3600, self._force)

    def _left(self, host: Host) -> None:
        if host.idle and host.there and not host.new:
            self.pool.rebuild(host)

    def _force(self) -> None:
        rest = [host for host in self.pool.hosts if host.there and not host.new]
        self.pool.close(rest)
        for host in rest:
            self.pool.rebuild(host)
