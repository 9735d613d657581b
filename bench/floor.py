"""The duration of a rollout of 1,000 idle hosts, compared with lower bounds from ARM's limits and the time per host.

Token buckets and durations are those of the simulated Azure (azure-facts 1.9 and 5), on a clock that runs ten times as
fast.
"""

from __future__ import annotations

from bench.arm_calls import counted, paced
from bench.rows import Part, Row
from bench.stack import EAGER, bench_stack, seconds_of
from local.sim.core.durations import TABLE

SPEED = 10.0
HOSTS, IN_FLIGHT, REPLICAS = 1_000, 200, 4
PER_SECOND = {"writes": 10.0, "reads": 25.0, "deletes": 10.0}
CHAIN = ("reimage", "boot", "extension", "run_command", "register")
"""The operations in Azure that a reimaged host waits for, one after the other."""
REACH = 1.25
LONGEST = 1_800.0


def run() -> list[Row]:
    """Measure one rollout, and compare it with the largest of its four lower bounds."""
    part = Part("floor")
    flags = ("--users", "off", "--busy", "0", "--throttle", "virtual")
    with bench_stack(HOSTS, speed=SPEED, sim_flags=flags, settings=paced(SPEED)) as up:
        up.replicate(REPLICAS)
        up.register(EAGER | {"max_in_flight": IN_FLIGHT})
        before = counted(up)
        took = seconds_of(up.finish(up.publish({"mode": "now"}), LONGEST, every=5.0)) * SPEED
        after = counted(up)
        refused = up.calls()["by_status"].get("429", 0)
        up.check_violations()
    bounds = {kind: (after[kind] - before[kind]) / rate for kind, rate in PER_SECOND.items()}
    chain = sum(sum(TABLE[name]) / 2 for name in CHAIN)
    bounds["one host's time"] = HOSTS * chain / IN_FLIGHT
    for kind, seconds in bounds.items():
        part.shown(f"lower bound by {kind}", seconds / 60, "min")
    part.shown("the rollout", took / 60, "min")
    part.shown("answers 429", refused, "calls")
    part.at_most("the rollout, of the largest lower bound", took / max(bounds.values()), "", REACH)
    return part.rows
