"""Cold start: the time of a new process to import the app, and to answer its first request."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.machine import child_of, peak_of_all
from bench.rows import Part, Row
from bench.stack import ROOT, bench_stack
from local.stack.processes import Child, answers, free_port, wait_until

TIMES = 5
IMPORT, MEMORY = 1.0, 120.0
_SCRIPT = """
import resource, time
began = time.perf_counter()
import function_app
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run() -> list[Row]:
    """Measure the median of several new processes. The files are in the operating system's cache."""
    part = Part("cold")
    imports = [_import() for _ in range(TIMES)]
    part.at_most("import of function_app", median(seconds for seconds, _ in imports), "s", IMPORT)
    part.at_most("memory after that", median(memory for _, memory in imports), "MB", MEMORY)
    first, memory = _first_answer()
    part.shown("fresh process to first answer of GET /api/health", first, "s")
    part.shown("memory of the function host then", memory, "MB")
    return part.rows


def _import() -> tuple[float, float]:
    """The duration in seconds and the peak memory in MB of importing the app in a new process."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    seconds, kilobytes = done.stdout.split()
    return float(seconds), int(kilobytes) * 1024 / 1e6


def _first_answer() -> tuple[float, float]:
    """The time in seconds from starting a function host to its first answer, and the host's memory in MB.

    Tables and the simulated Azure are already running.
    """
    taken: list[float] = []
    with bench_stack(2) as up, tempfile.TemporaryDirectory() as logs:
        memory = up.memory_of_host()
        for number in range(TIMES):
            port = free_port()
            began = time.perf_counter()
            host = Child(
                "Function host",
                [sys.executable, "-m", "local.host", "--app", str(ROOT), "--port", str(port)],
                log=Path(logs) / f"{number}.log",
                env=up.settings(),
                cwd=ROOT,
            )
            try:
                wait_until(lambda port=port: answers(f"http://localhost:{port}/api/health"), host, seconds=60)  # type: ignore[misc]
                taken.append(time.perf_counter() - began)
                memory = peak_of_all(child_of(host.supervisor))
            finally:
                host.stop()
    return median(taken), memory
