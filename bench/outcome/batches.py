"""What several models share: people are told, given some time, signed out; then hosts are rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bench.outcome.hosts import Host
from bench.outcome.pool import Pool

type Then = Callable[[], None]


def idle(hosts: Iterable[Host]) -> bool:
    """Whether nobody has a session on any of these hosts."""
    return all(host.idle for host in hosts)


class Batch:
    """Some hosts that are done together: drained, told, given `minutes`, signed out, rebuilt; `then` is called at the
    end. Nobody is waited for on hosts that are empty: as soon as the last of the batch is, they are rebuilt."""

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
        """A session has ended: go on if it was the last one."""
        if idle(self.hosts):
            self.rebuild()

    def rebuild(self) -> None:
        """The time is over, or nobody is left: whoever is still there is signed out."""
        if self.begun:
            return
        self.begun = True
        for host in self.hosts:
            self.pool.rebuild(host, self._back)

    def _back(self, _: Host) -> None:
        self.left -= 1
        if self.left == 0:
            self.then()
