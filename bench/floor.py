"""How near a rollout of 1,000 idle hosts comes to what ARM's limits and one host's own time allow.

Token buckets and durations are those of the simulated Azure (azure-facts 1.9 and 5), on a clock ten times as fast.
"""

from __future__ import annotations

from bench.arm_calls import counted, paced
from bench.rows import Part, Row
from bench.stage import EAGER, seconds_of, stage
from local.sim.core.durations import TABLE

SPEED = 10.0
HOSTS, IN_FLIGHT, REPLICAS = 1_000, 200, 4
PER_SECOND = {"writes": 10.0, "reads": 25.0, "deletes": 10.0}
CHAIN = ("reimage", "boot", "extension", "run_command", "register")
"""What a host that is re-imaged has to wait for in Azure, one after the other."""
REACH = 1.25
LONGEST = 1_800.0


def run() -> list[Row]:
    """One rollout, beside the largest of its four lower bounds."""
    part = Part("floor")
    flags = ("--users", "off", "--busy", "0", "--throttle", "virtual")
    with stage(HOSTS, speed=SPEED, sim_flags=flags, settings=paced(SPEED)) as up:
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
