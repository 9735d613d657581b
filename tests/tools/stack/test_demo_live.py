"""How the demo shows that it goes on: a screen that stays in place on a terminal, lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from local.demo.live import Telling, showing
from local.demo.show_burst import BurstTelling
from local.demo.show_rollout import RolloutTelling
from local.demo.show_task import TaskTelling
from shared.core.states import RolloutState, TaskState
from tests.tools.stack.demo_views import rollout, task

SWITCH_OFF, SNAPSHOT, START = "switching the template off", "taking a snapshot", "starting the template again"


def shown[V](telling: Telling[V], views: Sequence[V], *, terminal: bool = False) -> str:
    output = io.StringIO()
    with showing(Console(file=output, force_terminal=terminal, width=100), telling) as show:
        for each in views:
            show(each)
    return output.getvalue()


def test_without_a_terminal_a_rollout_is_plain_lines() -> None:
    said = shown(RolloutTelling(), [rollout()])
    assert "41 % running | pending 1, waiting_for_logoff 2, done 3 | 5 sessions left, 0 signed out" in said
    assert "remaining sessions are ended" in said
    assert "\x1b" not in said


def test_a_line_that_says_nothing_new_is_left_out_and_the_end_is_not() -> None:
    views = [rollout(), rollout(), rollout(RolloutState.SUCCEEDED)]
    assert shown(RolloutTelling(), views).count("\n") == 2


def test_on_a_terminal_a_rollout_is_a_bar_per_host_state() -> None:
    said = shown(RolloutTelling(), [rollout()], terminal=True)
    for name in ("pending", "waiting for logoff", "signing out", "reimaging", "done", "failed"):
        assert name in said
    assert "━" in said
    assert "expected end" in said


def test_without_a_terminal_no_step_of_a_task_is_left_out_or_said_twice() -> None:
    views = [
        task(SWITCH_OFF),
        task(SWITCH_OFF),
        task(SWITCH_OFF, SNAPSHOT, START, percent=6),
        task(SWITCH_OFF, SNAPSHOT, START, state=TaskState.SUCCEEDED, percent=100, note="2.0.0 is staged."),
    ]
    assert shown(TaskTelling(), views).splitlines() == [
        f"   0 s   37 % {SWITCH_OFF}",
        f"   1 s    6 % {SNAPSHOT}, {START}",
        "   3 s  100 % succeeded: 2.0.0 is staged.",
    ]


def test_steps_that_were_told_before_are_not_told_again() -> None:
    assert shown(TaskTelling(text=1), [task(SWITCH_OFF, SNAPSHOT)]).splitlines() == [f"   1 s   37 % {SNAPSHOT}"]


def test_on_a_terminal_a_task_is_its_steps_and_a_bar() -> None:
    said = shown(TaskTelling(), [task(SWITCH_OFF, SNAPSHOT)], terminal=True)
    assert SWITCH_OFF in said
    assert SNAPSHOT in said
    assert any("work done" in row and "━" in row and "37 %" in row for row in said.splitlines())


def burst(result: str, version: str | None = None, reason: str = "") -> dict[str, Any]:
    return {"host": "office-b001", "result": result, "version": version, "reason": reason}


def test_a_burst_host_is_followed_on_its_way() -> None:
    given = burst("creating", "1.0.0", "the pool is on this version")
    lines = shown(BurstTelling(), [burst("asking"), given, given, burst("available", "1.0.0")]).splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("office-b001: Azure makes the VM from 1.0.0: the pool is on this version")


def test_a_burst_host_that_was_refused_says_why() -> None:
    assert "office-b001: refused: 409: no version" in shown(
        BurstTelling(), [burst("refused", reason="409: no version")]
    )
