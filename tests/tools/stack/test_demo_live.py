"""The demo's progress display: a screen updated in place on a terminal, lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from local.demo.live import Display, showing
from local.demo.show_burst import BurstDisplay
from local.demo.show_rollout import RolloutDisplay
from local.demo.show_task import TaskDisplay
from shared.core.states import RolloutState, TaskState
from tests.fixtures.messages import told
from tests.tools.stack.demo_views import rollout, task

SWITCH_OFF, SNAPSHOT, START = "powering off the template VM", "taking a snapshot", "starting the template VM again"


def shown[V](display: Display[V], views: Sequence[V], *, terminal: bool = False) -> str:
    output = io.StringIO()
    with showing(Console(file=output, force_terminal=terminal, width=100), display) as show:
        for each in views:
            show(each)
    return output.getvalue()


def test_without_a_terminal_a_rollout_is_plain_lines() -> None:
    output = shown(RolloutDisplay(), [rollout()])
    assert "41 % running | pending 1, waiting_for_logoff 2, done 3 | 5 sessions left, 0 signed out" in output
    assert "remaining sessions are ended" in output
    assert "\x1b" not in output


def test_unchanged_lines_are_left_out_but_the_end_is_not() -> None:
    views = [rollout(), rollout(), rollout(RolloutState.SUCCEEDED)]
    assert shown(RolloutDisplay(), views).count("\n") == 2


def test_on_a_terminal_a_rollout_is_a_bar_per_host_state() -> None:
    output = shown(RolloutDisplay(), [rollout()], terminal=True)
    for name in ("pending", "waiting for logoff", "signing out", "reimaging", "done", "failed"):
        assert name in output
    assert "━" in output
    assert "expected end" in output


def test_without_a_terminal_each_step_of_a_task_is_printed_once() -> None:
    views = [
        task(SWITCH_OFF),
        task(SWITCH_OFF),
        task(SWITCH_OFF, SNAPSHOT, START, percent=6),
        task(SWITCH_OFF, SNAPSHOT, START, state=TaskState.SUCCEEDED, percent=100, note=told("2.0.0 is staged.")),
    ]
    assert shown(TaskDisplay(), views).splitlines() == [
        f"   0 s   37 % {SWITCH_OFF}",
        f"   1 s    6 % {SNAPSHOT}, {START}",
        "   3 s  100 % succeeded: 2.0.0 is staged.",
    ]


def test_steps_that_were_printed_before_are_skipped() -> None:
    assert shown(TaskDisplay(printed=1), [task(SWITCH_OFF, SNAPSHOT)]).splitlines() == [f"   1 s   37 % {SNAPSHOT}"]


def test_on_a_terminal_a_task_is_its_steps_and_a_bar() -> None:
    output = shown(TaskDisplay(), [task(SWITCH_OFF, SNAPSHOT)], terminal=True)
    assert SWITCH_OFF in output
    assert SNAPSHOT in output
    assert any("work done" in row and "━" in row and "37 %" in row for row in output.splitlines())


def burst(result: str, version: str | None = None, reason: str = "") -> dict[str, Any]:
    return {"host": "office-b001", "result": result, "version": version, "reason": reason}


def test_each_state_of_a_burst_host_is_one_line() -> None:
    given = burst("creating", "1.0.0", "the pool is on this version")
    lines = shown(BurstDisplay(), [burst("asking"), given, given, burst("available", "1.0.0")]).splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("office-b001: Azure creates the VM from 1.0.0: the pool is on this version")


def test_a_refused_burst_host_shows_the_reason() -> None:
    assert "office-b001: refused: 409: no version" in shown(
        BurstDisplay(), [burst("refused", reason="409: no version")]
    )
