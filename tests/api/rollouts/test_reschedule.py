"""Reschedule: only what is ahead can be moved."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import RolloutState
from shared.models.rollout_parts import Rollback
from tests.api.rollouts.commands import in_state, minutes, set_row, tell, written
from tests.fixtures.app import START, App, office, update

S = RolloutState


def test_the_deadline_moves() -> None:
    app, rollout_id = in_state(S.RUNNING)
    tell(app, rollout_id, "reschedule", {"deadline": "2026-11-03T01:00", "time_zone": "W. Europe Standard Time"})
    assert app.rollout(rollout_id).schedule.force_at.isoformat() == "2026-11-03T00:00:00+00:00"


@pytest.mark.parametrize("state", [S.SCHEDULED, S.RUNNING, S.AWAITING_APPROVAL, S.PAUSED, S.ROLLING_BACK])
def test_a_reschedule_writes_nothing_else(state: RolloutState) -> None:
    assert written(*in_state(state), "reschedule").keys() == {"schedule"}


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
def test_fields_that_cannot_be_rescheduled_are_named(body: dict[str, Any], field: str) -> None:
    app, rollout_id = in_state(S.RUNNING)
    before = app.rollout(rollout_id)
    assert tell(app, rollout_id, "reschedule", body).bad_fields == {field}
    assert app.rollout(rollout_id) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"force_at": "x", "time_zone": 5, "deadline": "2026-11-01T01:00"}, {"force_at", "time_zone"}),  # form only
        ({"at": "2026-11-04T01:00", "deadline": "2026-11-01T01:00"}, {"at", "deadline"}),
        ({"begin_at": "2026-11-04T01:00", "deadline": "2026-11-01T01:00"}, {"begin_at", "deadline"}),
        ({"begin_at": "2026-11-04T01:00", "time_zone": "Mars"}, {"begin_at", "time_zone"}),
    ],
)
def test_all_errors_of_a_reschedule_are_named_at_once(body: dict[str, Any], fields: set[str]) -> None:
    app, rollout_id = in_state(S.RUNNING)
    assert tell(app, rollout_id, "reschedule", body).bad_fields == fields


@pytest.mark.parametrize(("state", "status"), [(S.RUNNING, 400), (S.ROLLING_BACK, 400), (S.PAUSED, 202)])
def test_a_passed_deadline_moves_only_while_paused(state: RolloutState, status: int) -> None:
    app, rollout_id = in_state(state)
    app.now = app.rollout(rollout_id).schedule.force_at + minutes(1)
    assert tell(app, rollout_id, "reschedule", {"deadline": "2026-11-05T01:00"}).status == status


@pytest.mark.parametrize(
    ("state", "fields", "status"),
    [(S.RUNNING, {}, 400), (S.ROLLING_BACK, {}, 202), (S.PAUSED, {"rollback": Rollback(since=START)}, 202)],
)
def test_windows_limit_the_deadline_except_during_a_roll_back(
    state: RolloutState, fields: dict[str, Any], status: int
) -> None:
    app, rollout_id = in_state(state, **fields)
    add_window(app, rollout_id, "19:00", "21:00")
    assert tell(app, rollout_id, "reschedule", {"deadline": "2026-11-02T22:30:00Z"}).status == status


def test_the_start_moves_while_it_is_in_the_future() -> None:
    app = office()
    rollout_id = update(app, {"schedule": {"mode": "at", "at": "2026-11-02T20:00:00Z"}}).json["id"]
    assert tell(app, rollout_id, "reschedule", {"at": "2026-11-02T21:00:00Z"}).status == 202
    schedule = app.rollout(rollout_id).schedule
    assert schedule.begin_at == schedule.force_at == START + minutes(720)


def test_mode_now_cannot_be_rescheduled() -> None:
    app = office()
    rollout_id = update(app).json["id"]
    assert tell(app, rollout_id, "reschedule", {"at": "2026-11-02T21:00:00Z"}).bad_fields == {"at"}


def add_window(app: App, rollout_id: str, begins: str, ends: str) -> None:
    """Allow work only between these times of day."""
    rollout = app.rollout(rollout_id)
    policy = rollout.policy.model_dump() | {"windows": [{"from": begins, "to": ends}]}
    set_row(app, rollout_id, policy=rollout.policy.model_validate(policy))
