"""Twenty viewers of a running rollout of 1,000 hosts: response times, what is sent, and what they cost in ARM reads.

Each viewer asks every 2 seconds for the rollout and for what changed of its hosts, as a page does; every fourth also
has the table of hosts open. Spans with and without viewers take turns so that neither kind is later than the other: the
rollout reads more and more at first, and what viewers cost is less than these reads vary. Therefore the reads of lists
that only viewers ask for are counted by themselves, too.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from bench.rows import Part, Row, percentile
from bench.stack import EAGER, TIMEOUT, BenchStack, bench_stack

VIEWERS, HOSTS, EVERY = 20, 1_000, 2.0
WATCHED, SPAN = (False, True, True, False), 30.0
"""Whether there are viewers in each span, and its seconds."""
IN_WORK, AFTER = 100, 20.0
P99, MORE_READS = 0.25, 1.05
ALL, LISTS = "all", ("list_session_hosts", "list_vms", "list_versions", "list_user_sessions")
"""All reads, and the lists that viewers ask for; the passes of the rollout read the first one as well."""


@dataclass
class Seen:
    """What the viewers got."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    sizes: list[int] = field(default_factory=list)
    """Bytes of an answer about what changed, without its headers."""
    whole: int = 0
    """How often all hosts had to be sent again."""


def run() -> list[Row]:
    """Measure while the rollout runs, in turn with and without viewers."""
    part = Part("viewers")
    reads: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    seen = Seen()
    with bench_stack(HOSTS, sim_flags=("--users", "off", "--busy", "0")) as up:
        up.register(EAGER)
        rollout = up.publish({"mode": "now"})
        while up.send("GET", f"/rollouts/{rollout}")["counts"].get("reimaging", 0) < IN_WORK:
            time.sleep(1.0)
        first = _grid_bytes(up, rollout)
        time.sleep(AFTER)
        for watched in WATCHED:
            before = _reads(up)
            if watched:
                asyncio.run(_watch(up, rollout, seen))
            else:
                time.sleep(SPAN)
            reads[watched] += _reads(up) - before
        up.check_violations()
    _report(part, reads, seen, first)
    return part.rows


def _report(part: Part, reads: dict[bool, Counter[str]], seen: Seen, first: int) -> None:
    without, watched = (reads[one][ALL] / (SPAN * WATCHED.count(one)) for one in (False, True))
    asked_for = sum(reads[True][name] - reads[False][name] for name in LISTS) / (SPAN * WATCHED.count(True))
    part.at_most(f"reads of {VIEWERS} viewers, p99", percentile(seen.seconds, 0.99), "s", P99)
    part.shown(f"reads of {VIEWERS} viewers, p50", percentile(seen.seconds, 0.5), "s")
    part.at_most("ARM reads with what viewers ask for, of those without", 1.0 + asked_for / without, "", MORE_READS)
    part.shown("all ARM reads with viewers, of those without", watched / without, "")
    part.shown("ARM reads without viewers", without, "per second")
    part.shown("changed hosts, median of an answer", float(percentile(seen.sizes, 0.5)), "bytes")
    part.shown(f"all {HOSTS:,} hosts as a grid, uncompressed", first / HOSTS, "bytes per host")
    part.shown("answers that sent all hosts again", float(seen.whole), f"of {len(seen.sizes)}")
    part.shown("answers 304", float(seen.statuses[304]), f"of {len(seen.seconds)}")
    failed = sum(number for status, number in seen.statuses.items() if status >= 400 or status == 0)
    part.shown("reads not answered", float(failed), f"of {len(seen.seconds)}")


def _reads(up: BenchStack) -> Counter[str]:
    found = up.calls()
    lists = {name: found["by_operation"].get(name, 0) for name in LISTS}
    return Counter(lists | {ALL: found["by_method"].get("GET", 0)})


def _grid_bytes(up: BenchStack, rollout: str) -> int:
    url = f"{up.options.app_url}/api/rollouts/{rollout}/hosts"
    return len(up.http.get(url, params={"fields": "grid", "limit": 10_000}).content)


async def _watch(up: BenchStack, rollout: str, seen: Seen) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=1.0)
    address = f"{up.options.app_url}/api/rollouts/{rollout}"
    async with httpx.AsyncClient(timeout=TIMEOUT, limits=limits) as client:
        end = time.perf_counter() + SPAN
        await asyncio.gather(*(_Viewer(client, address, seen, number).follow(end) for number in range(VIEWERS)))


class _Viewer:
    """One open page: it keeps the tag of the rollout and the mark of its hosts."""

    def __init__(self, client: httpx.AsyncClient, address: str, seen: Seen, number: int) -> None:
        self._client, self._address, self._seen, self._number = client, address, seen, number
        self._tag, self._mark = "", ""

    async def follow(self, end: float) -> None:
        """Ask until the end, beginning at a moment of its own."""
        jitter = random.Random(self._number)
        await asyncio.sleep(EVERY * self._number / VIEWERS)
        while time.perf_counter() < end:
            began = time.perf_counter()
            await self._rollout()
            await self._changes()
            if self._number % 4 == 0:
                await self._get("/hosts", {"limit": 100})
            await asyncio.sleep(max(0.0, EVERY * jitter.uniform(0.9, 1.1) - (time.perf_counter() - began)))

    async def _rollout(self) -> None:
        answer = await self._get("", {}, {"If-None-Match": self._tag} if self._tag else {})
        if answer is not None and answer.status_code == 200:
            self._tag = answer.headers.get("ETag", "")

    async def _changes(self) -> None:
        asked: dict[str, str | int] = {"fields": "grid", "limit": 10_000}
        had = self._mark
        answer = await self._get("/hosts", asked | ({"since": had} if had else {}))
        if answer is None or answer.status_code != 200:
            return
        found = answer.json()
        self._mark = found["mark"]
        if had:
            self._seen.sizes.append(len(answer.content))
            self._seen.whole += found["whole"]

    async def _get(
        self, path: str, params: dict[str, str | int], headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        began = time.perf_counter()
        answer: httpx.Response | None = None
        try:
            answer = await self._client.get(f"{self._address}{path}", params=params, headers=headers)
        except httpx.HTTPError:
            self._seen.statuses[0] += 1
        else:
            self._seen.statuses[answer.status_code] += 1
        self._seen.seconds.append(time.perf_counter() - began)
        return answer
