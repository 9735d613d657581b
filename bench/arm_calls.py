"""ARM calls per host, counted by the simulated Azure, with the durations of azure-facts 1.9.

The simulated clock runs faster, and the app's poll intervals are shortened by the same factor, so that the app polls
an operation as often as it would in Azure.
"""

from __future__ import annotations

from typing import Any

from bench.rows import Part, Row
from bench.stack import EAGER, BenchStack, bench_stack

SPEED = 40.0
SIZES = (20, 1_000)
WRITES, DELETES, READS = 7.0, 1.0, 12.0
ONCE = 1.02
"""Limit for calls per host in the large pool relative to the small one. A host must not cost more in a large pool."""
LONGEST = 1_200.0


def run() -> list[Row]:
    """Measure reimage and replace for idle and busy hosts, in a small and in a large pool."""
    part = Part("arm_calls")
    for strategy in ("reimage", "replace"):
        for busy in (False, True):
            found = {hosts: calls_per_host(hosts, strategy, busy=busy) for hosts in SIZES}
            of, with_targets = f"{strategy}, {'busy' if busy else 'idle'}", strategy == "reimage" and not busy
            for hosts, calls in found.items():
                _add_rows(part, f"{of}, {hosts:,} hosts", calls, with_targets=with_targets)
            small, large = (sum(found[hosts].values()) for hosts in SIZES)
            part.at_most(f"{of}: calls per host at 1,000 hosts, of those at 20", large / small, "", ONCE)
    return part.rows


def _add_rows(part: Part, of: str, calls: dict[str, float], *, with_targets: bool) -> None:
    for kind, reach in (("writes", WRITES), ("deletes", DELETES), ("reads", READS)):
        if with_targets:
            part.at_most(f"{of}: {kind} per host", calls[kind], "calls", reach)
        else:
            part.shown(f"{of}: {kind} per host", calls[kind], "calls")


def calls_per_host(hosts: int, strategy: str, *, busy: bool) -> dict[str, float]:
    """Writes, deletes and reads of one rollout per host. On busy hosts, one user each is signed out."""
    flags = ("--users", "off", "--busy", "1" if busy else "0", "--busy-sessions", "1")
    with bench_stack(hosts, speed=SPEED, sim_flags=flags, settings=paced(SPEED)) as up:
        up.register(EAGER | {"strategy": strategy})
        before = counted(up)
        up.finish(up.publish({"mode": "now"}), LONGEST, every=2.0)
        after = counted(up)
        up.check_violations()
    return {kind: (after[kind] - before[kind]) / hosts for kind in after}


def paced(speed: float) -> dict[str, str]:
    """The settings of the app's poll intervals, shortened by the speed of the simulated clock."""
    pauses = {"FRESHCOAT_OPERATION_POLL": 30, "FRESHCOAT_AZURE_PAUSE": 30, "FRESHCOAT_RECONCILE_GAP": 1}
    return {name: f"{seconds / speed:g}" for name, seconds in pauses.items()}


def counted(up: BenchStack) -> dict[str, int]:
    """The number of calls so far, by the kinds of ARM's token buckets."""
    by_method: dict[str, Any] = up.calls()["by_method"]
    reads, deletes = by_method.get("GET", 0), by_method.get("DELETE", 0)
    return {"writes": sum(by_method.values()) - reads - deletes, "deletes": deletes, "reads": reads}
