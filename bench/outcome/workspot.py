"""Workspot, Update Image with "On Log Off", as documented.

Taken from Workspot's "Publishing Updated Desktop Images in Non-Persistent Desktop Pools": desktops with no logged-in
users are updated immediately, others when their users log off; at the given date and time log-offs are forced on what
is not updated by then. It warns nobody, as far as the page says, and keeps no number of desktops available.
The page speaks of desktops of one person; here a desktop is a host that many share, so "log off" is the last one's.
Unknown: whether a host that waits still takes new people. Both are run. In its favour: any number is updated at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.hosts import Host
from bench.outcome.people import DEADLINE, START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """Hours from START to the deadline, and whether a host that waits for its people takes no new ones."""

    deadline: float = DEADLINE / 3600
    drains: bool = False

    def __str__(self) -> str:
        return f"deadline after {self.deadline:g} h, {'drained' if self.drains else 'not drained'}"


class OnLogOff:
    """One Update Image."""

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Publish now."""
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
