"""A console that polls: what a poll with nothing new costs, through the real host."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Freshcoat

MOST_BYTES = 300
MOST_SECONDS = 0.005
POLLS = 200
PATHS = ("/me", "/promotions", "/rollouts", "/tasks", "/accounts")


def raw(freshcoat: Freshcoat, path: str, tag: str) -> bytes:
    """The answer as it is on the wire."""
    lines = [f"GET /api{path} HTTP/1.1", "Host: x", f"If-None-Match: {tag}", "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", freshcoat.options.port), timeout=30) as connection:
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
    before = seconds_of_workers(freshcoat)
    for _ in range(POLLS):
        freshcoat.send("GET", path, **{"If-None-Match": tag})
    used = (seconds_of_workers(freshcoat) - before) / POLLS
    assert used < MOST_SECONDS, used
