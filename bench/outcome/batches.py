"""A batch of hosts, shared by several models: warn users, wait, sign them out, rebuild."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bench.outcome.hosts import Host
from bench.outcome.pool import Pool

type Then = Callable[[], None]


def idle(hosts: Iterable[Host]) -> bool:
    """Whether none of the hosts has a session."""
    return all(host.idle for host in hosts)


class Batch:
    """Hosts that are updated together: drained, their users warned, signed out after `minutes`, and rebuilt.

    The rebuild starts earlier when all hosts of the batch are empty. `then` is called at the end.
    """

    def __init__(self, pool: Pool, hosts: Sequence[Host], minutes: float, then: Then) -> None:
        self.pool, self.hosts, self.then = pool, hosts, then
        self.left = len(hosts)
        self.begun = False
        pool.close(hosts)
        for host in hosts:
            pool.warn(host)
        pool.at(pool.now + minutes * 60, self.rebuild)
        self.emptied()

    def emptied(self) -> None:
        """Called when a session ends: start the rebuild if it was the last one."""
        if idle(self.hosts):
            self.rebuild()

    def rebuild(self) -> None:
        """Rebuild the hosts. Remaining users are signed out."""
        if self.begun:
            return
        self.begun = True
        for host in self.hosts:
            self.pool.rebuild(host, self._back)

    def _back(self, _: Host) -> None:
        self.left -= 1
        if self.left == 0:
            self.then()
