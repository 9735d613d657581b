"""The delay from a logoff to the first ARM write on its host, in a pool of 1,000 hosts that wait for logoffs."""

from __future__ import annotations

import time
from typing import Any

from bench.rows import Part, Row, percentile
from bench.stack import EAGER, BenchStack, bench_stack

HOSTS, LEAVERS, SECONDS = 1_000, 200, 20.0
P50, P99 = 0.5, 2.0
POLL = 15
AFTER_POLL = 2.0
SETTLED = 300.0
"""The time limit in seconds for draining all hosts."""
POLICY = EAGER | {"min_available": 0, "poll_seconds": POLL}


def run() -> list[Row]:
    """Measure with logoff events from the hosts, and with polling alone."""
    part = Part("logoff")
    with_events = latencies(events=True)
    part.at_most("event to first ARM write, p50", percentile(with_events, 0.5), "s", P50)
    part.at_most("event to first ARM write, p99", percentile(with_events, 0.99), "s", P99)
    polled = latencies(events=False)
    part.shown("without events, log-off to first ARM write, p50", percentile(polled, 0.5), "s")
    part.at_most("without events, log-off to first ARM write, p99", percentile(polled, 0.99), "s", POLL + AFTER_POLL)
    return part.rows


def latencies(*, events: bool) -> list[float]:
    """The seconds from each logoff to the first write on its host."""
    flags = ("--users", "off", "--busy", "1", "--busy-sessions", "1", "--duration-scale", "0")
    with bench_stack(HOSTS, sim_flags=flags if events else (*flags, "--events-url", "")) as up:
        up.register(POLICY)
        rollout = up.publish({"mode": "on_logoff", "deadline": _tomorrow()})
        _until_all_wait(up, rollout)
        left = _leave(up)
        _until_touched(up, left)
        writes = up.sim("GET", "/calls?writes=true")["writes"]
        up.check_violations()
    return [min(at for at in writes[host] if at >= when) - when for host, when in left.items()]


def _until_all_wait(up: BenchStack, rollout: str) -> None:
    end = time.monotonic() + SETTLED
    while up.send("GET", f"/rollouts/{rollout}")["counts"].get("waiting_for_logoff", 0) < HOSTS:
        if time.monotonic() > end:
            raise TimeoutError("not all hosts were drained")
        time.sleep(1.0)
    time.sleep(POLL / 2)  # start between two polls


def _leave(up: BenchStack) -> dict[str, float]:
    """Log users off one after the other. Returns the time of each logoff by host."""
    sessions = _people(up)
    began, left = time.monotonic(), {}
    for number, (host, user) in enumerate(sessions[:LEAVERS]):
        time.sleep(max(0.0, began + number * SECONDS / LEAVERS - time.monotonic()))
        left[host] = float(up.sim("POST", "/logoff", {"host": host, "user": user})["at"])
    return left


def _people(up: BenchStack) -> list[tuple[str, str]]:
    hosts: list[dict[str, Any]] = up.sim("GET", "/state")["hosts"]
    return [(str(host["host"]), str(host["sessions"][0]["user"])) for host in hosts if host["sessions"]]


def _until_touched(up: BenchStack, left: dict[str, float]) -> None:
    end = time.monotonic() + 3 * POLL
    while time.monotonic() < end:
        writes = up.sim("GET", "/calls?writes=true")["writes"]
        if all(any(at >= when for at in writes.get(host, ())) for host, when in left.items()):
            return
        time.sleep(1.0)
    raise TimeoutError("some hosts were not changed after their logoff")


def _tomorrow() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
