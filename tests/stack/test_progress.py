"""What the demo shows: bars on a terminal, lines elsewhere, and a summary that does not flatter."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.progress import showing
from local.summary import Outcome, print_summary
from shared.models.policy import ScheduleMode, resolve_policy
from shared.models.rollouts import Schedule
from shared.models.views import NextMoment, RolloutView
from shared.states import RolloutState

NOW = datetime.now(UTC)


def view(state: RolloutState = RolloutState.RUNNING, **fields: Any) -> RolloutView:
    given = {
        "id": "8204695824719-c51a",
        "pool": "office",
        "image": "win11-office",
        "version": "2.0.0",
        "from_version": "1.0.0",
        "state": state,
        "percent": 41,
        "counts": {"pending": 1, "waiting_for_logoff": 2, "done": 3},
        "schedule": Schedule(mode=ScheduleMode.ON_LOGOFF, begin_at=NOW, force_at=NOW, time_zone="UTC"),
        "reason": "",
        "requested_by": "me",
        "created_at": NOW,
        "started_at": NOW,
        "ended_at": NOW if state.ended else None,
        "note": "",
        "policy": resolve_policy(ScheduleMode.ON_LOGOFF),
        "hosts": 6,
        "accepting": 4,
        "sessions_open": 5,
        "sessions_signed_out": 0,
        "minutes_per_host": 1.0,
        "next": NextMoment(at=NOW + timedelta(seconds=30), does="remaining sessions are ended"),
        "expected_end": NOW + timedelta(seconds=60),
        "looked_at": NOW,
    }
    return RolloutView.model_validate(given | fields)


def shown(*views: RolloutView, terminal: bool) -> str:
    output = io.StringIO()
    with showing(Console(file=output, force_terminal=terminal, width=100)) as show:
        for each in views:
            show(each)
    return output.getvalue()


def test_without_a_terminal_there_is_a_plain_line() -> None:
    said = shown(view(), terminal=False)
    assert "41 % running | pending 1, waiting_for_logoff 2, done 3 | 5 sessions left, 0 signed out" in said
    assert "remaining sessions are ended" in said
    assert "\x1b" not in said


def test_a_line_that_says_nothing_new_is_left_out_and_the_end_is_not() -> None:
    assert shown(view(), view(), view(RolloutState.SUCCEEDED), terminal=False).count("\n") == 2


def test_on_a_terminal_there_is_a_bar_per_host_state() -> None:
    said = shown(view(), terminal=True)
    for name in ("pending", "waiting for logoff", "signing out", "reimaging", "done", "failed"):
        assert name in said
    assert "━" in said
    assert "expected end" in said


def outcome(*versions: str, state: RolloutState = RolloutState.SUCCEEDED, violations: tuple[str, ...] = ()) -> Outcome:
    azure = {
        "hosts": [{"host": f"office-{number}", "version": version} for number, version in enumerate(versions)],
        "violations": list(violations),
        "turned_away": 0,
        "counters": {"signed_out_forced": 4},
    }
    return Outcome(view(state), [], azure, 61.4)


@pytest.mark.parametrize(
    ("what", "succeeded"),
    [
        (outcome("2.0.0", "2.0.0"), True),
        (outcome("2.0.0", "1.0.0"), False),
        (outcome(), False),
        (outcome("2.0.0", violations=("sessions_present",)), False),
        (outcome("2.0.0", state=RolloutState.PAUSED), False),
    ],
)
def test_only_every_host_on_the_target_is_a_success(what: Outcome, succeeded: bool) -> None:
    assert what.succeeded is succeeded


def test_the_summary_tells_versions_sign_outs_time_and_where_the_records_are(tmp_path: Path) -> None:
    output = io.StringIO()
    what = outcome("2.0.0", "1.0.0", "2.0.0")
    what.save(tmp_path / "demo")
    print_summary(Console(file=output, width=100), what, tmp_path / "demo", tmp_path / "tables", tmp_path / "logs")
    said = output.getvalue()
    assert "2 of 3 hosts are on 2.0.0" in said
    assert "version 1.0.0:\noffice-1" in said
    assert "sign-outs forced:       4" in said
    assert "duration:               61 s" in said
    assert str(tmp_path / "demo") in said
    assert json.loads((tmp_path / "demo" / "rollout.json").read_text())["id"] == what.view.id
