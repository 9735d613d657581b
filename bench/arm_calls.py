"""How many calls to ARM one host costs, as the simulated Azure counts them, with the durations of azure-facts 1.9.

The clock runs fast, and the app's pauses are as much shorter, so that an operation is asked after as often as it would
be in Azure.
"""

from __future__ import annotations

from typing import Any

from bench.rows import Part, Row
from bench.stage import EAGER, Stage, stage

SPEED = 40.0
SIZES = (20, 1_000)
WRITES, DELETES, READS = 7.0, 1.0, 12.0
ONCE = 1.02
"""A pool's own calls (its token, its lists) are spread over more hosts in a larger one; never is a host dearer."""
LONGEST = 1_200.0


def run() -> list[Row]:
    """Reimage and replace, idle and busy hosts, in a small and in a large pool."""
    part = Part("arm_calls")
    for strategy in ("reimage", "replace"):
        for busy in (False, True):
            found = {hosts: calls_per_host(hosts, strategy, busy=busy) for hosts in SIZES}
            of, reached = f"{strategy}, {'busy' if busy else 'idle'}", strategy == "reimage" and not busy
            for hosts, calls in found.items():
                _tell(part, f"{of}, {hosts:,} hosts", calls, reached=reached)
            small, large = (sum(found[hosts].values()) for hosts in SIZES)
            part.at_most(f"{of}: calls per host at 1,000 hosts, of those at 20", large / small, "", ONCE)
    return part.rows


def _tell(part: Part, of: str, calls: dict[str, float], *, reached: bool) -> None:
    for kind, reach in (("writes", WRITES), ("deletes", DELETES), ("reads", READS)):
        if reached:
            part.at_most(f"{of}: {kind} per host", calls[kind], "calls", reach)
        else:
            part.shown(f"{of}: {kind} per host", calls[kind], "calls")


def calls_per_host(hosts: int, strategy: str, *, busy: bool) -> dict[str, float]:
    """Writes, deletes and reads of one rollout, divided by its hosts; on busy hosts one person each is signed out."""
    flags = ("--users", "off", "--busy", "1" if busy else "0", "--busy-sessions", "1")
    with stage(hosts, speed=SPEED, sim_flags=flags, settings=paced(SPEED)) as up:
        up.register(EAGER | {"strategy": strategy})
        before = counted(up)
        up.finish(up.publish({"mode": "now"}), LONGEST, every=2.0)
        after = counted(up)
        up.check_violations()
    return {kind: (after[kind] - before[kind]) / hosts for kind in after}


def paced(speed: float) -> dict[str, str]:
    """The app's pauses, on a clock that runs so much faster."""
    pauses = {"FRESHCOAT_OPERATION_POLL": 30, "FRESHCOAT_AZURE_PAUSE": 30, "FRESHCOAT_RECONCILE_GAP": 1}
    return {name: f"{seconds / speed:g}" for name, seconds in pauses.items()}


def counted(up: Stage) -> dict[str, int]:
    """Calls so far, as ARM's buckets tell them apart."""
    by_method: dict[str, Any] = up.calls()["by_method"]
    reads, deletes = by_method.get("GET", 0), by_method.get("DELETE", 0)
    return {"writes": sum(by_method.values()) - reads - deletes, "deletes": deletes, "reads": reads}
