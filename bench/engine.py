"""Throughput of a rollout in hosts per second, when Azure is immediate and does not throttle."""

from __future__ import annotations

from typing import NamedTuple

from bench.rows import Part, Row
from bench.stack import AT_ONCE, EAGER, bench_stack, seconds_of

SIZES = (100, 1_000, 10_000)
REACH, FLAT, MEMORY = 15.0, 0.9, 400.0
SLOWEST = 2.0
"""Hosts per second below which a measurement is aborted."""


def run() -> list[Row]:
    """Run rollouts with mode `now` over idle hosts, one after the other, each on its own stack."""
    part = Part("engine")
    rates: dict[int, float] = {}
    for hosts in SIZES:
        found = measured(hosts)
        rates[hosts] = found.rate
        figure = f"hosts per second, {hosts:,} hosts"
        if hosts == 1_000:
            part.at_least(figure, rates[hosts], "hosts/s", REACH)
        else:
            part.shown(figure, rates[hosts], "hosts/s")
        part.at_most(f"peak memory of the function host, {hosts:,} hosts", found.memory, "MB", MEMORY)
        part.shown(f"peak memory of the worker that runs rollouts, {hosts:,} hosts", found.of_worker, "MB")
    part.shown("hosts per second, 1,000 hosts, two workers", measured(1_000, workers=2).rate, "hosts/s")
    part.at_least("rate at 10,000 hosts, of that at 1,000", rates[10_000] / rates[1_000], "", FLAT)
    return part.rows


class Measured(NamedTuple):
    """The measured values of one rollout.

    `rate` is in hosts per second from the request to the end. `memory` is the peak memory in MB of the function host
    with its workers, `of_worker` that of the worker that runs rollouts. `calls` are ARM calls per host.
    """

    rate: float
    memory: float
    of_worker: float
    calls: float


def measured(hosts: int, workers: int = 1) -> Measured:
    """Run a rollout with mode `now` over idle hosts, with immediate operations in Azure."""
    with bench_stack(hosts, sim_flags=AT_ONCE, settings={"FUNCTIONS_WORKER_PROCESS_COUNT": str(workers)}) as up:
        up.register(EAGER)
        before = up.calls()["total"]
        view = up.finish(up.publish({"mode": "now"}), seconds=60 + hosts / SLOWEST, every=2)
        calls = up.calls()["total"] - before
        up.check_violations()
        return Measured(hosts / seconds_of(view), up.memory_of_host(), up.memory_of_worker(), calls / hosts)
