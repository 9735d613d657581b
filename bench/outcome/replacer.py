"""Model of AVDSessionHostReplacer (Azure on GitHub), according to its code.

Sources: HEAD 1d11dcf (01/2025): `TimerTrigger1` (every hour on the hour), `Get-SHRHostPoolDecision` (how many hosts to
deploy and to delete), `Remove-SHRSessionHost` (drain, tag, message; delete when empty or after the grace hours),
`FunctionParameters.psd1` (grace 24 h by default; buffer: hosts beyond the target, at least 1), and azure-facts 1.7.
Each run deploys the missing hosts on the new version, up to target + buffer hosts in total. Then it handles as many
old hosts as the pool is over its target, in list order. It deletes an empty host at once without draining it. It
drains a host with sessions and warns its users, and deletes it with its sessions after the grace hours. It needs quota,
addresses and money for the buffer, so the result shows the highest number of hosts.
Unknown: the duration of a deployment of many VMs (here each VM joins when it is built). In its favour: no deployment
fails (a failure stops it), and nobody logs on to a host while it is being deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.outcome.hosts import Host
from bench.outcome.people import HOUR, START
from bench.outcome.pool import Pool


@dataclass(frozen=True)
class Chosen:
    """The settings: hosts beyond the target, and hours between drain and deletion."""

    buffer: int = 20
    grace: float = 24

    def __str__(self) -> str:
        return f"buffer {self.buffer} hosts, grace {self.grace:g} h"


class SessionHostReplacer:
    """The hourly timer. From START on, the new version is the newest one."""

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    def begin(self, pool: Pool) -> None:
        """Run the timer now, because START is on the hour."""
        self.pool, self.target = pool, pool.size
        self.deploying = self.deployed = 0
        self.builds = [host.build for host in pool.hosts]
        self.drained_at: dict[str, float] = {}
        pool.at(START, self._run)

    def _run(self) -> None:
        """One run of the timer: deploy, then delete, based on the pool's state at its start."""
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
