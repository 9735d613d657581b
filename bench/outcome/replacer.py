"""AVDSessionHostReplacer (Azure on GitHub), as its code does it.

Taken from its HEAD 1d11dcf (01/2025): `TimerTrigger1` (every hour on the hour), `Get-SHRHostPoolDecision` (how many to
deploy and to delete), `Remove-SHRSessionHost` (drain, tag, message; delete when empty or past the grace hours),
`FunctionParameters.psd1` (grace 24 h by default; buffer: hosts it may have beyond the target, at least 1), and
azure-facts 1.7. In one run: deploy what is missing on the new version, up to target + buffer hosts in all; of the old
hosts, as many as the pool is over its target, in the order of the list: an empty one is deleted at once, without being
drained; one with sessions is drained and everybody told, and deleted with its sessions once the grace hours are over.
It needs room for the buffer (quota, addresses, money): the most hosts it had are told with its result.
Unknown: how long a deployment of many VMs takes as a whole (here each joins when it is built). In its favour: no
deployment fails (one that does stops it), and the race of deleting a host on which somebody just logs on is not played.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.hosts import Host
from bench.outcome.people import HOUR, START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """What is configured: hosts beyond the target, and hours between drain and deletion."""

    buffer: int = 20
    grace: float = 24

    def __str__(self) -> str:
        return f"buffer {self.buffer} hosts, grace {self.grace:g} h"


class SessionHostReplacer:
    """The hourly timer, from START on: the new version is the newest one by then."""

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Have the timer run now: START is on the hour."""
        self.pool, self.target = pool, pool.size
        self.deploying = self.deployed = 0
        self.builds = [host.build for host in pool.hosts]
        self.drained_at: dict[str, float] = {}
        pool.at(START, self._run)

    def _run(self) -> None:
        """One run of the timer: deploy, then delete; by what the pool looked like when it began."""
        hosts = [host for host in self.pool.hosts if host.there]
        old = sorted((host for host in hosts if not host.new), key=lambda host: host.name)
        self._deploy(len(hosts), good=len(hosts) - len(old))
        for host in old[: max(0, len(hosts) - self.target)]:
            self._remove(host)
        self.pool.at(self.pool.now + HOUR, self._run)

    def _deploy(self, hosts: int, *, good: int) -> None:
        room = self.target + self.chosen.buffer - hosts - self.deploying
        for _ in range(max(0, min(room, self.target - good - self.deploying))):
            build = self.builds[self.deployed % len(self.builds)]
            self.deployed += 1
            self.deploying += 1
            self.pool.add(Host(f"new-{self.deployed:04}", build), self._joined)

    def _joined(self, _: Host) -> None:
        self.deploying -= 1

    def _remove(self, host: Host) -> None:
        if host.idle or self.pool.now > self.drained_at.get(host.name, self.pool.now) + self.chosen.grace * HOUR:
            self.pool.delete(host)
        elif host.name not in self.drained_at:
            self.drained_at[host.name] = self.pool.now
            self.pool.accept(host, accepting=False)
            self.pool.warn(host)
