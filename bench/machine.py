"""Describes the machine that a measurement runs on, and reads the memory of processes."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "azure-functions-durable",
    "durabletask",
    "azure-functions-runtime",
    "azure-data-tables",
    "azure-mgmt-compute",
)


def describe_machine() -> str:
    """Cores, memory, load and versions in a few lines."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S607
    azurite = json.loads((ROOT / "package-lock.json").read_text())["packages"]["node_modules/azurite"]["version"]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{cores} cores ({_processor()}), {memory:.0f} GiB, load {load:.1f} at the start\n"
        f"Python {platform.python_version()}, Node.js {node}, Azurite {azurite}\n{packages}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def peak_of_all(pid: int) -> float:
    """The sum of the peak memory of a process and of its children, in MB (10^6 bytes)."""
    return sum(peak_memory(process) for process in (pid, *children_of(pid)))


def peak_memory(pid: int) -> float:
    """The peak resident memory of a process in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"the memory of process {pid} cannot be read")


def children_of(pid: int) -> list[int]:
    """The child processes of a process in the order of their start."""
    return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def child_of(pid: int) -> int:
    """The first child process of a process. Raises ValueError when it has none."""
    children = children_of(pid)
    if not children:
        raise ValueError(f"process {pid} has no child")
    return children[0]
