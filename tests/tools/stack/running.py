"""Starts the local stack as users do, and checks that no process is left."""

from __future__ import annotations

# ruff: noqa: S603, S607 (our own processes, and tools found by name)
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.stack.options import ROOT
from local.stack.processes import free_port, port_is_taken

UP = "Freshcoat is at"
SOON_SECONDS = 120.0


class Runner:
    """A started `python -m local …` on its own ports, with all output in one file."""

    def __init__(self, directory: Path, *what: str, under: str = "", **environment: str) -> None:
        self.ports = [free_port(), free_port()]
        self.output = directory / "output"
        self.directory = directory / "kept"
        command = [sys.executable, "-m", "local", *what, "--directory", str(self.directory)]
        if under:
            command = ["sh", "-c", under, "sh", *command]
        ports = {"PORT": str(self.ports[0]), "SIM_PORT": str(self.ports[1]), "SIM_HOSTS": "24"} | environment
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | ports, stdout=output, stderr=subprocess.STDOUT
            )

    def printed(self) -> str:
        return self.output.read_text()

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.printed() or self.process.poll() is not None, SOON_SECONDS)
        assert text in self.printed(), self.printed()

    def process_tree(self) -> set[int]:
        """This process and all its descendants that run now."""
        listed = subprocess.run(["ps", "-Ao", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        parents = {int(pid): int(parent) for pid, parent in (entry.split() for entry in listed.splitlines())}
        process_tree = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in process_tree} - process_tree:
            process_tree |= more
        return process_tree

    def assert_nothing_is_left(self, process_tree: set[int]) -> None:
        wait_until(lambda: not alive(process_tree), 60)
        assert alive(process_tree) == set()
        assert [port for port in self.ports if port_is_taken(port)] == []


@contextmanager
def running(directory: Path, *what: str, under: str = "", **environment: str) -> Iterator[Runner]:
    """A runner that is stopped also when the test fails."""
    runner = Runner(directory, *what, under=under, **environment)
    try:
        yield runner
    finally:
        runner.process.terminate()
        runner.process.wait(60)


def alive(pids: set[int]) -> set[int]:
    """The processes that still run. A zombie does not count."""
    listed = subprocess.run(["ps", "-Ao", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    states = dict(entry.split() for entry in listed.splitlines())
    return {pid for pid in pids if not states.get(str(pid), "Z").startswith("Z")}


def wait_until(done: Callable[[], bool], seconds: float) -> None:
    """Wait until `done` or a timeout. The caller asserts the state afterwards."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
