"""`make run`: it starts, and no process is left however it ends."""

from __future__ import annotations

# ruff: noqa: S603, S607 (our own processes, and tools found by name)
import json
import os
import re
import shlex
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.tools.stack.running import UP, running, wait_until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "run") as runner:
        runner.wait_for(UP)
        process_tree = runner.process_tree()
        assert len(process_tree) >= 7  # the runner, and a supervisor and a command for each of three children
        os.kill(runner.process.pid, number)
        code = runner.process.wait(60)
        runner.assert_nothing_is_left(process_tree)
    assert code == (-number if number is signal.SIGKILL else 0)


def test_nothing_is_left_when_it_is_killed_while_it_starts(tmp_path: Path) -> None:
    with running(tmp_path, "run") as runner:
        wait_until(lambda: len(runner.process_tree()) >= 5, 60)
        process_tree = runner.process_tree()
        os.kill(runner.process.pid, signal.SIGKILL)
        runner.process.wait(60)
        runner.assert_nothing_is_left(process_tree)


def test_nothing_is_left_when_make_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, "run", under='"$@" --parent $$; exit $?') as runner:
        runner.wait_for(UP)
        process_tree = runner.process_tree()
        os.kill(runner.process.pid, signal.SIGKILL)
        runner.process.wait(60)
        runner.assert_nothing_is_left(process_tree)


def test_nothing_is_left_when_a_child_dies(tmp_path: Path) -> None:
    with running(tmp_path, "run") as runner:
        runner.wait_for(UP)
        process_tree = runner.process_tree()
        listed = subprocess.run(["ps", "-Ao", "pid=,args="], capture_output=True, text=True, check=True).stdout
        commands = {int(entry.split()[0]): entry for entry in listed.splitlines()}
        sim = next(pid for pid in process_tree if "local.sim" in commands[pid] and "supervisor" not in commands[pid])
        os.kill(sim, signal.SIGKILL)
        assert runner.process.wait(60) == 1
        assert "Simulated Azure has ended" in runner.printed()
        runner.assert_nothing_is_left(process_tree)


def test_the_suggested_commands_work_in_order(tmp_path: Path) -> None:
    with running(tmp_path, "run", SIM_SPEED="600") as runner:
        runner.wait_for("/_sim/state")
        lines = re.findall(r"^  (curl .*)$", runner.printed(), re.MULTILINE)
        plan, capture, tasks, activation, azure = (partial(ask, line) for line in lines)
        assert (plan()["can_start"], len(plan()["hosts"])) == (True, 24)
        made = capture()
        wait_until(lambda: first(tasks())["state"] != "running", 60)
        assert (first(tasks())["id"], first(tasks())["state"]) == (made["id"], "succeeded")
        activated = activation()
        assert (activated["kind"], activated["version"]) == ("activate", made["version"])
        wait_until(lambda: first(tasks())["kind"] == "rollout", 60)
        assert (first(tasks())["pool"], first(tasks())["version"]) == ("office", made["version"])
        assert len(azure()["hosts"]) >= 24


def ask(line: str) -> Any:
    """The JSON output of a command line."""
    return json.loads(subprocess.check_output(shlex.split(line)))


def first(listed: dict[str, Any]) -> dict[str, Any]:
    """The first item of a list: the newest."""
    found: dict[str, Any] = listed["items"][0]
    return found
