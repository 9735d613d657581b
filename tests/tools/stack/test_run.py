"""`make run`: it starts, and no process is left however it ends."""

from __future__ import annotations

# ruff: noqa: S603, S607 (our own processes, and tools found by name)
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.app import environment
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
        runner.wait_for("freshcoat watch")
        where = dict(re.findall(r"^  export (\w+)=(.*)$", runner.printed(), re.MULTILINE))
        lines = re.findall(r"^  \.venv/bin/freshcoat (.*)$", runner.printed(), re.MULTILINE)
        pools, plan, making, activation, watching = ([*shlex.split(line), "-o", "json"] for line in lines)
        typed = partial(typed_in, tmp_path, where)
        assert [pool["name"] for pool in typed(pools)] == ["office"]
        assert (typed(plan)["can_start"], len(typed(plan)["hosts"])) == (True, 24)
        made = typed([*making, "--yes"])  # a person is asked
        assert (made["kind"], made["state"]) == ("set_as_image", "succeeded")
        activated = typed([*activation, "--yes"])
        assert (activated["kind"], activated["version"]) == ("activate", made["version"])
        wait_until(lambda: typed(["rollouts", "-o", "json"]) != [], 60)
        rollout = typed(["rollouts", "-o", "json"])[0]
        assert (rollout["pool"], rollout["version"]) == ("office", made["version"])
        typed([*watching, "--timeout", "5"], 0, 124)


def typed_in(folder: Path, where: dict[str, str], words: list[str], *codes: int) -> Any:
    """The JSON that a line of the command line answers; None where it answers nothing."""
    command = [sys.executable, "-m", "freshcoat_cli", *words]
    done = subprocess.run(command, env=environment(folder, **where), stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (codes or (0,)), words
    return json.loads(done.stdout) if done.stdout else None
