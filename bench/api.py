"""Response times of the app while a rollout runs, at a fixed rate of 50 requests per second."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from itertools import cycle, islice

import httpx

from bench.rows import Part, Row, percentile
from bench.stack import EAGER, TIMEOUT, BenchStack, bench_stack
from local.sim.core import names

POOLS, HOSTS = 200, 1_000
PAGE = 50
"""The maximum page size of the list of pools."""
PER_SECOND, SECONDS = 50, 60.0
IN_WORK, AFTER = 100, 30.0
"""The requests start AFTER seconds after IN_WORK hosts are being reimaged, with realistic durations in Azure."""
P99 = 0.15


def run() -> list[Row]:
    """Send three kinds of requests in turn at fixed times. A late answer does not delay later requests."""
    part = Part("api")
    with bench_stack(HOSTS, sim_flags=("--users", "off", "--busy", "0")) as up:
        _register(up)
        rollout = up.publish({"mode": "now"})
        paths = {
            f"GET /api/pools (a page of {PAGE} of {POOLS} pools)": f"/pools?limit={PAGE}",
            f"GET /api/pools/office/hosts ({HOSTS:,} hosts)": "/pools/office/hosts?limit=500",
            f"GET /api/rollouts/{{id}} ({HOSTS:,} hosts)": f"/rollouts/{rollout}",
        }
        while up.send("GET", f"/rollouts/{rollout}")["counts"].get("reimaging", 0) < IN_WORK:
            time.sleep(1.0)
        for path in paths.values():
            up.send("GET", path)  # warm up: the first request opens connections, which is not measured here
        time.sleep(AFTER)
        taken, unanswered = asyncio.run(_load(up, paths))
        state = up.send("GET", f"/rollouts/{rollout}")
        up.check_violations()
    for path, seconds in taken.items():
        part.at_most(f"{path}, p99", percentile(seconds, 0.99), "s", P99)
        part.shown(f"{path}, p50", percentile(seconds, 0.5), "s")
        part.shown(f"{path}, not answered in {TIMEOUT:.0f} s", unanswered[path], f"of {len(seconds)}")
    in_work = sum(state["counts"].get(name, 0) for name in ("reimaging", "joining", "verifying"))
    part.shown("hosts in work meanwhile", in_work, "hosts")
    return part.rows


def _register(up: BenchStack) -> None:
    up.register(EAGER)
    for number in range(1, POOLS):
        name = f"pool-{number:03}"
        up.sim("POST", "/pools", {"name": f"hp-{name}", "hosts": 2})
        up.register(EAGER, name, names.OFFICE_POOL_ID.replace("hp-office", f"hp-{name}"))


async def _load(up: BenchStack, paths: dict[str, str]) -> tuple[dict[str, list[float]], Counter[str]]:
    """The duration of each request in seconds, and the number without an answer, counted with their waiting time."""
    taken: dict[str, list[float]] = defaultdict(list)
    unanswered: Counter[str] = Counter()
    began = time.perf_counter()
    # Idle connections are closed here before the host closes them: if both close at the same time, a request is lost.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=2.0)
    async with httpx.AsyncClient(base_url=f"{up.options.app_url}/api", timeout=TIMEOUT, limits=limits) as client:

        async def one(number: int, name: str) -> None:
            due = began + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            try:
                (await client.get(paths[name])).raise_for_status()
            except httpx.HTTPError:
                unanswered[name] += 1
            taken[name].append(time.perf_counter() - due)

        count = int(PER_SECOND * SECONDS)
        await asyncio.gather(*(one(number, name) for number, name in enumerate(islice(cycle(paths), count))))
    return taken, unanswered
