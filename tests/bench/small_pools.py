"""Small pools for the outcome bench: 10 hosts and 60 people, on Tuesday at 10:00, made once and copied."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bench.outcome.cases import Policy, settings
from bench.outcome.copies import fill_pool, pickle_pool, unpickle_pool
from bench.outcome.hosts import Host, Spread
from bench.outcome.people import DEADLINE, HOUR, START, Trace, trace
from bench.outcome.pool import Pool

HOSTS, PEOPLE = 10, 60
MINUTE = 60.0
ALL = settings(HOSTS)


@cache
def actions(pattern: str, seed: int = 1) -> Trace:
    """Four days of 60 people."""
    return trace(pattern, people=PEOPLE, days=4, seed=seed)


@cache
def _start(pattern: str, spread: Spread, limit: int, seed: int) -> bytes:
    return pickle_pool(fill_pool(actions(pattern, seed), hosts=HOSTS, limit=limit, spread=spread, seed=seed))


def small(pattern: str = "office", spread: Spread = Spread.BREADTH, limit: int = 8, seed: int = 1) -> Pool:
    """A new copy of a small pool."""
    return unpickle_pool(_start(pattern, spread, limit, seed), actions(pattern, seed))


def watched(pool: Pool, policy: Policy, *, until: float = DEADLINE + HOUR, every: float = MINUTE) -> Iterator[None]:
    """Run a policy, and yield for checks: after its start, at regular intervals, and at the end."""
    policy.begin(pool)
    yield
    while pool.now < START + until and pool.old:
        pool.run(pool.now + every)
        yield


def out(pool: Pool) -> list[Host]:
    """Hosts that are being rebuilt."""
    return [host for host in pool.hosts if not host.there]
