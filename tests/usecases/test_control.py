"""Every command in every state: what is done, what is so already, what is too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import AzureBusy, StaleRow
from shared.publishing.control import REPLIES, Command
from shared.settings import Settings
from shared.states import ROLLOUT_MOVES, RolloutState
from tests.fixtures.app import START, App, Reply, office, update

DEADLINE = {"mode": "on_logoff", "deadline": "2026-11-02T20:00:00Z"}
BODIES: dict[Command, dict[str, Any]] = {Command.RESCHEDULE: {"deadline": "2026-11-02T22:00:00Z"}}

DONE, SAME, LATE = 202, 202, 409
S = RolloutState
EXPECTED: dict[RolloutState, tuple[int, int, int, int]] = {
    # state: pause, resume, cancel, reschedule
    S.SCHEDULED: (DONE, LATE, DONE, DONE),
    S.RUNNING: (DONE, LATE, DONE, DONE),
    S.AWAITING_APPROVAL: (DONE, LATE, DONE, DONE),
    S.PAUSED: (SAME, DONE, DONE, DONE),
    S.ROLLING_BACK: (LATE, LATE, LATE, LATE),
    S.CANCELLING: (LATE, LATE, SAME, LATE),
    S.SUCCEEDED: (LATE, LATE, LATE, LATE),
    S.FAILED: (LATE, LATE, LATE, LATE),
    S.CANCELLED: (LATE, LATE, SAME, LATE),
    S.ROLLED_BACK: (LATE, LATE, LATE, LATE),
}
CELLS = [(state, command, EXPECTED[state][n]) for state in EXPECTED for n, command in enumerate(Command)]


def in_state(state: RolloutState, **changes: object) -> tuple[App, str]:
    """An app with one rollout in this state."""
    app = office()
    rollout_id = str(update(app, {"schedule": DEADLINE}).json["id"])
    set_row(app, rollout_id, state=state, **changes)
    return app, rollout_id


def set_row(app: App, rollout_id: str, **changes: object) -> None:
    app.tables.rollouts.replace(app.rollout(rollout_id).model_copy(update=changes))


def tell(app: App, rollout_id: str, command: str, body: dict[str, Any] | None = None) -> Reply:
    return app.send("POST", f"/api/rollouts/{rollout_id}/{command}", body)


@pytest.mark.parametrize(("state", "command", "status"), CELLS)
def test_each_command_in_each_state(state: RolloutState, command: Command, status: int) -> None:
    app, rollout_id = in_state(state)
    before = app.rollout(rollout_id)
    reply = tell(app, rollout_id, command, BODIES.get(command))
    after = app.rollout(rollout_id)
    assert reply.status == status
    if status == LATE:
        assert after == before
        assert rollout_id in reply.json["detail"]
        assert state.value in reply.json["detail"]
    else:
        assert reply.headers["Location"] == f"/api/rollouts/{rollout_id}"
        assert after.state is before.state or after.state in ROLLOUT_MOVES[before.state]
    changed = after.etag != before.etag
    assert [nudge[2] for nudge in app.engine.nudges] == ([command] if changed else [])


def test_the_table_has_a_cell_for_everything() -> None:
    assert set(REPLIES) == set(RolloutState)
    assert all(set(row) == set(Command) for row in REPLIES.values())


@pytest.mark.parametrize(
    ("state", "back"), [(S.SCHEDULED, S.SCHEDULED), (S.RUNNING, S.RUNNING), (S.AWAITING_APPROVAL, S.RUNNING)]
)
def test_resume_goes_back_to_where_it_was_paused(state: RolloutState, back: RolloutState) -> None:
    app, rollout_id = in_state(state)
    tell(app, rollout_id, "pause")
    paused = app.rollout(rollout_id)
    assert (paused.state, paused.resume_to) == (S.PAUSED, back)
    assert "Paused by" in paused.note
    tell(app, rollout_id, "resume")
    resumed = app.rollout(rollout_id)
    assert (resumed.state, resumed.resume_to, resumed.note) == (back, None, "")


def test_resume_accepts_the_failures_known_by_then() -> None:
    app, rollout_id = in_state(S.PAUSED, resume_to=S.RUNNING, counts={"failed": 3, "done": 1})
    tell(app, rollout_id, "resume")
    assert app.rollout(rollout_id).failures_accepted == 3


def test_a_command_wins_over_the_engine_writing_at_the_same_time() -> None:
    app, rollout_id = in_state(S.RUNNING)
    app.tables.rollouts.failures["replace"] = [StaleRow("rollouts", rollout_id)] * 3
    assert tell(app, rollout_id, "pause").status == 202
    assert app.rollout(rollout_id).state is S.PAUSED


def test_a_lost_nudge_does_not_undo_the_command() -> None:
    app, rollout_id = in_state(S.RUNNING)
    app.engine.down = AzureBusy("engine", None, "Down", "no connection")
    assert tell(app, rollout_id, "cancel").status == 202
    assert app.rollout(rollout_id).state is S.CANCELLING


def test_commands_leave_a_record_with_who_gave_them() -> None:
    app, rollout_id = in_state(S.RUNNING)
    app.settings = Settings(tables_connection="memory", trust_principal=True)
    path = f"/api/rollouts/{rollout_id}/cancel"
    app.send("POST", path, {"how": "leave"}, headers={"x-ms-client-principal-name": "ann@contoso.com"})
    entry = app.tables.audit.all("2026-11")[0]
    assert {e.action for e in app.tables.audit.all("2026-11")} == {"update image", "cancel"}
    assert any(e.who == "ann@contoso.com" and e.subject == rollout_id for e in app.tables.audit.all("2026-11")), entry
    assert app.rollout(rollout_id).note == "Cancelled by ann@contoso.com."


def test_a_name_that_the_platform_did_not_write_is_nobodys() -> None:
    app, rollout_id = in_state(S.RUNNING)
    path = f"/api/rollouts/{rollout_id}/cancel"
    app.send("POST", path, {"how": "leave"}, headers={"x-ms-client-principal-name": "ann@contoso.com"})
    assert app.rollout(rollout_id).note == "Cancelled by function key."
    assert {entry.who for entry in app.tables.audit.all("2026-11")} == {"function key"}


def test_cancel_knows_only_leave() -> None:
    app, rollout_id = in_state(S.RUNNING)
    assert tell(app, rollout_id, "cancel", {"how": "roll_back"}).bad_fields == {"how"}


def test_an_unknown_rollout_is_not_found() -> None:
    for command in Command:
        assert tell(office(), "123-ab", command).status == 404


class TestReschedule:
    """Only what is ahead can be moved."""

    def test_the_deadline_moves(self) -> None:
        app, rollout_id = in_state(S.RUNNING, started_at=START)
        tell(app, rollout_id, "reschedule", {"deadline": "2026-11-03T01:00", "time_zone": "W. Europe Standard Time"})
        assert app.rollout(rollout_id).schedule.force_at.isoformat() == "2026-11-03T00:00:00+00:00"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "deadline"),
            ({"at": "2026-11-03T01:00"}, "at"),
            ({"deadline": "2026-11-01T01:00"}, "deadline"),
            ({"begin_at": "2026-11-02T15:00:00Z"}, "begin_at"),
            ({"deadline": "2026-11-04T01:00", "time_zone": "Mars"}, "time_zone"),
            ({"force_at": "2026-11-04T01:00"}, "force_at"),
        ],
    )
    def test_what_cannot_be_moved_is_named(self, body: dict[str, Any], field: str) -> None:
        app, rollout_id = in_state(S.RUNNING, started_at=START)
        before = app.rollout(rollout_id)
        assert tell(app, rollout_id, "reschedule", body).bad_fields == {field}
        assert app.rollout(rollout_id) == before

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"force_at": "x", "deadline": "2026-11-01T01:00"}, {"force_at", "deadline"}),
            ({"at": 5, "deadline": "2026-11-01T01:00"}, {"at", "deadline"}),
            ({"force_at": "x", "deadline": "2026-11-04T01:00"}, {"force_at"}),
            ({"force_at": "x", "deadline": "2026-11-04T01:00", "time_zone": "Mars"}, {"force_at", "time_zone"}),
            ({"time_zone": 5, "deadline": "2026-11-01T01:00"}, {"time_zone"}),
        ],
    )
    def test_all_that_is_wrong_is_named_at_once(self, body: dict[str, Any], fields: set[str]) -> None:
        app, rollout_id = in_state(S.RUNNING, started_at=START)
        assert tell(app, rollout_id, "reschedule", body).bad_fields == fields

    def test_a_deadline_that_is_over_moves_only_while_paused(self) -> None:
        for state, status in ((S.RUNNING, 400), (S.PAUSED, 202)):
            app, rollout_id = in_state(state, started_at=START)
            app.now = app.rollout(rollout_id).schedule.force_at + timedelta(minutes=1)
            assert tell(app, rollout_id, "reschedule", {"deadline": "2026-11-05T01:00"}).status == status

    def test_the_beginning_moves_while_it_is_ahead(self) -> None:
        app = office()
        rollout_id = update(app, {"schedule": {"mode": "at", "at": "2026-11-02T20:00:00Z"}}).json["id"]
        assert tell(app, rollout_id, "reschedule", {"at": "2026-11-02T21:00:00Z"}).status == 202
        schedule = app.rollout(rollout_id).schedule
        assert schedule.begin_at == schedule.force_at == START + timedelta(hours=12)

    def test_now_has_nothing_to_move(self) -> None:
        app = office()
        rollout_id = update(app).json["id"]
        assert tell(app, rollout_id, "reschedule", {"at": "2026-11-02T21:00:00Z"}).bad_fields == {"at"}
