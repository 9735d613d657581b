"""A console that polls: what a poll with nothing new costs, through the real host."""

from __future__ import annotations

import os
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.core.settings import Settings
from shared.models.pools import PoolLook
from shared.services import POOLS
from shared.tables.open import open_tables
from tests.end_to_end.conftest import Freshcoat

MOST_BYTES = 300
MOST_SECONDS = 0.010
"""The aim is 5 ms on a machine of its own (docs/performance.md); here four test workers share two cores."""
POLLS = 70
ROUNDS = 3
PATHS = ("/me", "/promotions?limit=5", "/rollouts?limit=5", "/tasks?limit=5", "/accounts")
"""Pages of few rows: how many others there are depends on the tests that have used this stack before."""


def raw(freshcoat: Freshcoat, path: str, tag: str) -> bytes:
    """The answer as it is on the wire."""
    lines = [f"GET /api{path} HTTP/1.1", "Host: x", f"If-None-Match: {tag}", "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", freshcoat.options.port), timeout=60) as connection:
        connection.sendall("\r\n".join(lines).encode())
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def seconds_of_workers(freshcoat: Freshcoat) -> float:
    """Processor time that the app's worker processes have used up to now; the local host's own is not in it."""
    listed = subprocess.run(["ps", "-Aww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout  # noqa: S607
    processes = [entry.split(maxsplit=2) for entry in listed.splitlines()]
    hosts = {
        pid
        for pid, _, command in processes
        if f"--port {freshcoat.options.port}" in command
        and "-m local.host" in command
        and "supervisor.py" not in command
    }
    return sum(_seconds(int(pid)) for pid, parent, _ in processes if parent in hosts)


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("path", PATHS)
def test_a_poll_with_nothing_new_is_small_and_cheap(freshcoat: Freshcoat, path: str) -> None:
    first = freshcoat.send("GET", path)
    assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
    tag: Any = first.headers["ETag"]
    answer = raw(freshcoat, path, tag)
    assert answer.startswith(b"HTTP/1.1 304 "), answer
    assert answer.endswith(b"\r\n\r\n")
    assert len(answer) <= MOST_BYTES, answer
    used = [seconds_of_a_poll(freshcoat, path, tag) for _ in range(ROUNDS)]
    assert min(used) < MOST_SECONDS, used


def seconds_of_a_poll(freshcoat: Freshcoat, path: str, tag: str) -> float:
    """Processor time of the workers for one poll. Timers work in some rounds too."""
    before = seconds_of_workers(freshcoat)
    for _ in range(POLLS):
        freshcoat.send("GET", path, **{"If-None-Match": tag})
    return (seconds_of_workers(freshcoat) - before) / POLLS


def test_a_page_of_200_pools_reads_nothing_from_azure(freshcoat: Freshcoat) -> None:
    freshcoat.add_pool("pattern", 3)  # so a timer that looks at them finds what the rows say
    rows = open_tables(Settings(tables_connection=freshcoat.settings()["FRESHCOAT_TABLES_CONNECTION"]))
    pattern = rows.pools.find(POOLS, "pattern")
    assert pattern
    named = [f"crowd-{number:03d}" for number in range(200)]
    looked = PoolLook(pool="pattern", at=datetime.now(UTC), tried_at=datetime.now(UTC), hosts=3, versions={"1.0.0": 3})
    rows.looks.write_many([looked.model_copy(update={"pool": name}) for name in named])
    pools = rows.pools.write_many([pattern.model_copy(update={"name": name, "etag": None}) for name in named])
    try:
        before = calls(freshcoat)
        first = freshcoat.send("GET", "/pools?live=false&limit=200&search=crowd-&sort=hosts")
        assert calls(freshcoat) - before <= 5  # timers may have read something at the same moment
        assert [(pool["name"], pool["hosts"]) for pool in first.json()["items"]] == [(name, 3) for name in named]
        path = "/api/pools?live=false&limit=200&search=crowd-&sort=hosts"
        assert len(raw(freshcoat, path.removeprefix("/api"), first.headers["ETag"])) <= MOST_BYTES
    finally:
        for pool in pools:
            rows.pools.remove(pool)


def calls(freshcoat: Freshcoat) -> int:
    """Calls that the simulated Azure has got up to now."""
    return int(freshcoat.sim("GET", "/calls")["total"])
