"""Child processes: they end on request, and when the process that started them is gone."""

from __future__ import annotations

# ruff: noqa: S603 (our own processes, and tools found by name)
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.stack.options import ROOT
from local.stack.processes import Child, StackError, wait_until
from tests.tools.stack import running

STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""
PARENT_OF_A_STUBBORN_CHILD = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}]).wait()
"""
PARENT_THAT_EXITS_FIRST = f"""
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.PIPE)
print(left.stdout.readline().decode(), end="")
"""


def python(code: str, log: Path) -> Child:
    return Child("A child", [sys.executable, "-c", code], log=log)


def pid_in(log: Path) -> int:
    running.wait_until(lambda: log.exists() and log.read_text().endswith("\n"), 60)
    return int(log.read_text())


def test_a_child_that_ignores_the_request_to_end_is_ended(tmp_path: Path) -> None:
    child = python(STUBBORN, tmp_path / "log")
    pid = pid_in(child.log)
    child.stop()
    assert not child.running
    assert running.alive({pid}) == set()


def test_a_child_and_its_own_children_end_together(tmp_path: Path) -> None:
    child = python(PARENT_OF_A_STUBBORN_CHILD, tmp_path / "log")
    grandchild = pid_in(child.log)
    child.stop()
    assert running.alive({grandchild}) == set()


def test_processes_that_a_child_left_running_are_ended(tmp_path: Path) -> None:
    child = python(PARENT_THAT_EXITS_FIRST, tmp_path / "log")
    grandchild = pid_in(child.log)
    running.wait_until(lambda: not child.running and not running.alive({grandchild}), 60)
    assert running.alive({grandchild}) == set()
    child.stop()


def test_children_end_when_their_runner_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"""
import sys, time
from pathlib import Path
from local.stack.processes import Child
child = Child("A child", [sys.executable, "-c", {PARENT_OF_A_STUBBORN_CHILD!r}], log=Path({str(log)!r}))
time.sleep(600)
"""
    runner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    pid = pid_in(log)
    assert running.alive({pid}) == {pid}
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    running.wait_until(lambda: not running.alive({pid}), 60)
    assert running.alive({pid}) == set()


def test_a_child_that_ends_too_early_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = python("import sys; sys.exit('no such luck')", tmp_path / "log")
    with pytest.raises(StackError, match=r"(?s)A child has ended.*no such luck"):
        wait_until(lambda: False, child, seconds=20)
    child.stop()


def test_a_child_that_is_never_ready_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = python("import time; print('waiting', flush=True); time.sleep(600)", tmp_path / "log")
    running.wait_until(lambda: "waiting" in child.tail(), 60)
    with pytest.raises(StackError, match=r"(?s)was not ready.*waiting"):
        wait_until(lambda: False, child, seconds=0.1)
    child.stop()
