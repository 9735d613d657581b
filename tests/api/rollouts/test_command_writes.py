"""What a command writes on the rollout's row: this and nothing else; and what happens around the write."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureBusy, StaleRow
from shared.core.states import RolloutState
from shared.models.rollout_parts import Failures, Progress, Rollback
from shared.rollouts import control
from tests.api.rollouts.commands import COMMANDS, in_state, just_before_writing, minutes, set_row, tell, written
from tests.fixtures.app import START
from tests.fixtures.audit import changes
from tests.fixtures.messages import told

S = RolloutState
NOW = START + minutes(1)
KEY = "developer"
AGAIN = {"checks.passed_at": None}
"""What goes on is checked again first."""


def row_after(state: RolloutState, command: str, **fields: Any) -> dict[str, object]:
    """The fields that this command changes in this state."""
    app, rollout_id = in_state(state, **fields)
    return written(app, rollout_id, command)


@pytest.mark.parametrize(
    ("state", "back"),
    [
        (S.SCHEDULED, S.SCHEDULED),
        (S.RUNNING, S.RUNNING),
        (S.AWAITING_APPROVAL, S.RUNNING),
        (S.ROLLING_BACK, S.ROLLING_BACK),
    ],
)
def test_resume_restores_the_state_before_the_pause(state: RolloutState, back: RolloutState) -> None:
    app, rollout_id = in_state(state)
    assert written(app, rollout_id, "pause") == {"state": S.PAUSED, "resume_to": back, "note": f"Paused by {KEY}."}
    assert written(app, rollout_id, "resume") == {"state": back, "resume_to": None, "note": None, **AGAIN}


def test_resume_accepts_the_failures_known_so_far() -> None:
    changes = row_after(S.PAUSED, "resume", progress=Progress(counts={"failed": 3, "done": 1}))
    assert changes == {"state": S.RUNNING, "resume_to": None, "note": None, "failures.accepted": 3, **AGAIN}


def test_approve_records_who_and_when() -> None:
    changes = row_after(S.AWAITING_APPROVAL, "approve")
    approval = {"approval.at": NOW, "approval.by": KEY, "approval.by_id": f"development:{KEY}"}
    assert changes == {"state": S.RUNNING, **approval, "note": None, **AGAIN}


class TestCancel:
    """Leave what is not begun as it is, or take everything back."""

    @pytest.mark.parametrize("state", [S.SCHEDULED, S.RUNNING, S.AWAITING_APPROVAL])
    def test_cancel_with_leave_keeps_the_hosts_as_they_are(self, state: RolloutState) -> None:
        assert row_after(state, "cancel") == {"state": S.CANCELLING, "note": f"Cancelled by {KEY}."}

    def test_cancel_with_leave_of_a_paused_rollout_clears_its_former_state(self) -> None:
        assert row_after(S.PAUSED, "cancel") == {
            "state": S.CANCELLING,
            "resume_to": None,
            "note": f"Cancelled by {KEY}.",
        }

    def test_cancel_with_leave_ends_as_cancelled(self) -> None:
        assert row_after(S.RUNNING, "cancel", ends_as=S.FAILED)["ends_as"] is S.CANCELLED

    @pytest.mark.parametrize(
        ("state", "fields"), [(S.ROLLING_BACK, {}), (S.PAUSED, {"rollback": Rollback(since=START)})]
    )
    def test_cancel_with_leave_during_a_roll_back_reports_mixed_versions(
        self, state: RolloutState, fields: dict[str, Any]
    ) -> None:
        note = f"Cancelled by {KEY} during a roll-back, so its hosts have two versions."
        assert row_after(state, "cancel", **fields)["note"] == note

    @pytest.mark.parametrize("state", [S.RUNNING, S.AWAITING_APPROVAL, S.CANCELLING])
    def test_cancel_with_roll_back_records_who_and_when(self, state: RolloutState) -> None:
        assert row_after(state, "roll_back") == {
            "state": S.ROLLING_BACK,
            "rollback.since": NOW,
            "note": f"Rolled back by {KEY}.",
            "rollback.reason": f"Rolled back by {KEY}.",
        }

    def test_cancel_with_roll_back_resumes_a_paused_roll_back(self) -> None:
        changes = row_after(S.PAUSED, "roll_back", rollback=Rollback(since=START))
        reason = f"Rolled back by {KEY}."
        assert changes == {"state": S.ROLLING_BACK, "resume_to": None, "note": reason, "rollback.reason": reason}

    def test_a_pause_keeps_the_reason_of_a_roll_back(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        for command in ("roll_back", "pause", "resume"):
            assert tell(app, rollout_id, command).status == 202
        assert str(app.rollout(rollout_id).note) == f"Rolled back by {KEY}."

    def test_cancel_with_roll_back_before_the_start_just_cancels(self) -> None:
        assert row_after(S.SCHEDULED, "roll_back") == {"state": S.CANCELLING, "note": f"Cancelled by {KEY}."}

    def test_cancel_defaults_to_leave(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        assert tell(app, rollout_id, "cancel", {}).json["state"] == "cancelling"

    def test_an_unknown_way_to_cancel_is_refused(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        assert tell(app, rollout_id, "cancel", {"how": "at_once"}).bad_fields == {"how"}


class TestRetry:
    """Of a rollout that is not over: what failed by now is taken once more."""

    def test_retry_of_a_running_rollout_clears_its_failures(self) -> None:
        changes = row_after(S.RUNNING, "retry", failures=Failures(accepted=2))
        assert changes == {"failures.retried_at": NOW, "failures.accepted": 0, **AGAIN}

    def test_retry_resumes_a_paused_rollout(self) -> None:
        changes = row_after(S.PAUSED, "retry")
        assert changes == {
            "state": S.RUNNING,
            "resume_to": None,
            "failures.retried_at": NOW,
            "failures.accepted": 0,
            "note": None,
            **AGAIN,
        }

    def test_retry_of_a_roll_back_keeps_who_requested_it(self) -> None:
        reason = "Rolled back by ann."
        rollback = Rollback(since=START, reason=told(reason))
        changes = row_after(S.ROLLING_BACK, "retry", rollback=rollback)
        assert changes == {"failures.retried_at": NOW, "note": reason, **AGAIN}

    def test_a_host_that_fails_after_a_retry_can_be_retried_too(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        tell(app, rollout_id, "retry")
        set_row(app, rollout_id, failures=Failures(retried_at=START - minutes(5)))  # the host failed after that
        assert written(app, rollout_id, "retry") == {"failures.retried_at": NOW}

    def test_retry_keeps_the_schedule(self) -> None:
        app, rollout_id = in_state(S.PAUSED)
        before = app.rollout(rollout_id)
        assert tell(app, rollout_id, "retry", {"schedule": {"mode": "now"}}).bad_fields == {"schedule"}
        assert app.rollout(rollout_id) == before


class TestAroundTheWrite:
    """The engine writes at the same time, the engine is not there, somebody wants to know who it was."""

    def test_a_command_wins_over_the_engine_writing_at_the_same_time(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        app.tables.rollouts.failures["replace"] = [StaleRow("rollouts", rollout_id)] * 3
        assert tell(app, rollout_id, "pause").status == 202
        assert app.rollout(rollout_id).state is S.PAUSED

    def test_a_command_on_a_constantly_changing_rollout_is_refused(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        app.tables.rollouts.failures["replace"] = [StaleRow("rollouts", rollout_id)] * 99
        assert "Try again" in tell(app, rollout_id, "pause").json["detail"]

    def test_a_command_keeps_concurrent_writes_of_the_engine(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        just_before_writing(app, lambda: set_row(app, rollout_id, progress=Progress(signed_out=7)))
        assert written(app, rollout_id, "roll_back").keys() == {
            "state",
            "rollback.since",
            "rollback.reason",
            "note",
            "progress.signed_out",
        }

    @pytest.mark.parametrize(
        ("state", "command", "to"),
        [
            (S.RUNNING, "cancel", S.CANCELLING),
            (S.RUNNING, "roll_back", S.ROLLING_BACK),
            (S.AWAITING_APPROVAL, "approve", S.RUNNING),
            (S.PAUSED, "retry", S.RUNNING),
        ],
    )
    def test_a_lost_signal_does_not_undo_a_command(self, state: RolloutState, command: str, to: RolloutState) -> None:
        app, rollout_id = in_state(state)
        app.engine.down = AzureBusy("engine", None, "Down", "no connection")
        assert tell(app, rollout_id, command).status == 202
        assert app.rollout(rollout_id).state is to

    def test_a_command_is_audited_with_author_and_change(self) -> None:
        app, rollout_id = in_state(S.AWAITING_APPROVAL)
        tell(app, rollout_id, "approve", **{"x-dev-name": "ann@contoso.com"})
        entry = next(one for one in changes(app.tables, "2026-11") if one.action == "approve")
        assert (entry.who, entry.subject) == ("ann@contoso.com", rollout_id)
        assert (entry.before, entry.after) == ("awaiting_approval", "running")
        assert app.rollout(rollout_id).approval.by == "ann@contoso.com"

    @pytest.mark.parametrize("command", ["pause", "cancel", "roll_back", "retry", "reschedule"])
    def test_a_command_repeated_under_one_key_is_carried_out_once(self, command: str) -> None:
        app, rollout_id = in_state(S.RUNNING)
        first = tell(app, rollout_id, command, **{"Idempotency-Key": "k"})
        done = app.rollout(rollout_id)
        app.later(minutes=1)
        second = tell(app, rollout_id, command, **{"Idempotency-Key": "k"})
        assert (second.status, second.text) == (first.status, first.text)
        assert app.rollout(rollout_id) == done

    def test_the_reason_is_kept_in_the_note(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        control.cancel(app.services, app.engine, rollout_id, "ann", reason="Teams is broken")
        assert str(app.rollout(rollout_id).note) == "Cancelled by ann: “Teams is broken”."

    @pytest.mark.parametrize("command", ["pause", "resume", "approve", "reschedule", "retry", "cancel", "roll_back"])
    def test_a_command_takes_a_reason_that_the_record_keeps(self, command: str) -> None:
        state = {"resume": S.PAUSED, "approve": S.AWAITING_APPROVAL}.get(command, S.RUNNING)
        app, rollout_id = in_state(state)
        reply = tell(app, rollout_id, command, COMMANDS[command][1] | {"reason": "Teams is broken"})
        assert reply.status == 202, reply.text
        entry = next(one for one in changes(app.tables, "2026-11") if one.action == command)
        assert entry.detail.endswith(", because “Teams is broken”")
        events = app.send("GET", f"/api/rollouts/{rollout_id}/events").json["items"]
        assert next(one["data"]["reason"] for one in events if one["who"] == "developer") == "Teams is broken"
        if command in {"pause", "cancel", "roll_back"}:
            assert reply.json["note"]["text"].endswith(" by developer: “Teams is broken”.")

    def test_the_reason_of_a_retry_is_that_of_the_new_rollout(self) -> None:
        app, rollout_id = in_state(S.FAILED)
        assert tell(app, rollout_id, "retry", {}).json["reason"] == f"retry of rollout {rollout_id}: patch day"
        app, rollout_id = in_state(S.FAILED)
        reply = tell(app, rollout_id, "retry", {"reason": "disks were full"})
        assert reply.json["reason"] == f"retry of rollout {rollout_id}: disks were full"

    def test_a_reason_is_one_line_of_bounded_length(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        for reason in ("two\nlines", "x" * 1_001):
            reply = tell(app, rollout_id, "pause", {"reason": reason})
            assert (reply.status, reply.bad_fields) == (400, {"reason"})
