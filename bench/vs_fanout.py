"""Compares Freshcoat with the documented fan-out/fan-in pattern, on the same engine and activities."""

from __future__ import annotations

import time

from bench.engine import measured
from bench.rows import Part, Row
from bench.stack import AT_ONCE, EAGER, ROOT, BenchStack, bench_stack

SIZES = (500, 2_000)
LARGE = 10_000
"""Hosts of one more rollout with the pattern alone. Freshcoat's rate at this size is in the part `engine`."""
LONGEST = 300.0
"""Seconds after which the pattern's rollout is stopped. The hosts that are updated by then count."""
REACH = 5.0


def run() -> list[Row]:
    """Run both with both pool sizes."""
    part = Part("vs_fanout")
    for hosts in SIZES:
        fanned, through = fan_out(hosts)
        ours = measured(hosts).rate
        part.shown(f"fan-out, {hosts:,} hosts", fanned, "hosts/s")
        part.shown(f"fan-out, {hosts:,} hosts: through within {LONGEST:.0f} s", through, "hosts")
        part.shown(f"Freshcoat, {hosts:,} hosts", ours, "hosts/s")
        figure = f"Freshcoat, times the pattern's rate at {hosts:,} hosts"
        if hosts == SIZES[-1]:
            part.at_least(figure, ours / fanned, "times", REACH)
        else:
            part.shown(figure, ours / fanned, "times")
    _, through = fan_out(LARGE)
    part.shown(f"fan-out, {LARGE:,} hosts: through within {LONGEST:.0f} s", through, "hosts")
    return part.rows


def fan_out(hosts: int) -> tuple[float, int]:
    """The pattern's rate in hosts per second, and the number of hosts that it updated."""
    with bench_stack(hosts, app=ROOT / "bench" / "fanout_app", sim_flags=AT_ONCE) as up:
        up.register(EAGER)
        began = time.monotonic()
        up.publish({"mode": "now"})
        through = 0
        while through < hosts and time.monotonic() < began + LONGEST:
            up.check()
            time.sleep(1.0)
            through = _through(up)
        took = time.monotonic() - began
        up.check_violations()
    return max(through, 1) / took, through


def _through(up: BenchStack) -> int:
    """The number of hosts that returned to service: the last step removes their tag."""
    hosts = up.sim("GET", "/state")["hosts"]
    return sum(1 for host in hosts if host["version"] == "2.0.0" and "FreshcoatRollout" not in host["tags"])
