"""Sessions are never ended outside the windows: a request that asks for it is refused, and told when it would do."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models.policy import PolicyOverrides
from shared.services import ROLLOUTS
from tests.fixtures.app import WHAT_IF, App, change_pool, office, update

NIGHTS = {"windows": [{"from": "22:00", "to": "06:00"}]}
"""In the pool's zone, Europe/Berlin; it is 10:00 there."""

OUTSIDE = [
    ({"mode": "now"}, "schedule.mode"),
    ({"mode": "at", "at": "2026-11-03T12:00"}, "schedule.at"),
    ({"mode": "on_logoff", "deadline": "2026-11-03T06:00"}, "schedule.deadline"),
    ({"mode": "on_logoff", "deadline": "2026-11-03T05:45"}, "schedule.deadline"),
    ({"mode": "at", "at": "2026-11-03T01:00", "time_zone": "America/New_York"}, "schedule.at"),
]
INSIDE = [
    {"mode": "at", "at": "2026-11-02T22:00"},
    {"mode": "on_logoff", "deadline": "2026-11-03T05:30"},
    {"mode": "at", "at": "2026-11-02T17:00", "time_zone": "America/New_York"},
]


def with_windows() -> App:
    """The pool itself has windows."""
    app = office()
    change_pool(app, policy=PolicyOverrides.model_validate(NIGHTS))
    return app


@pytest.mark.parametrize(("schedule", "field"), OUTSIDE)
def test_an_update_that_would_end_sessions_outside_the_windows_is_refused(schedule: dict[str, Any], field: str) -> None:
    for app, policy in ((office(), NIGHTS), (with_windows(), {})):
        pool = app.pool()
        reply = update(app, {"schedule": schedule, "policy": policy})
        assert (reply.status, reply.bad_fields) == (400, {field})
        assert (app.pool(), app.tables.rollouts.all(ROLLOUTS)) == (pool, [])
        assert app.send("POST", WHAT_IF, {"version": "2.0.0", "schedule": schedule, "policy": policy}).status == 400


def test_the_refusal_names_an_accepted_time() -> None:
    text = update(with_windows()).json["errors"][0]["message"]
    assert text.endswith("they open next at 2026-11-02T22:00+01:00 or 2026-11-03T22:00+01:00")


@pytest.mark.parametrize("schedule", INSIDE)
def test_an_update_inside_the_windows_is_accepted(schedule: dict[str, Any]) -> None:
    app = with_windows()
    reply = update(app, {"schedule": schedule})
    assert reply.status == 202
    assert app.rollout(reply.json["id"]).zone == "Europe/Berlin"


def test_a_request_may_override_the_windows_of_the_pool() -> None:
    assert update(with_windows(), {"policy": {"windows": []}}).status == 202


@pytest.mark.parametrize(
    ("schedule", "moved", "field"),
    [
        (INSIDE[0], {"at": "2026-11-03T12:00"}, "at"),
        (INSIDE[1], {"deadline": "2026-11-03T12:00"}, "deadline"),
    ],
)
def test_a_deadline_cannot_move_out_of_the_windows(schedule: dict[str, Any], moved: dict[str, Any], field: str) -> None:
    app = with_windows()
    rollout_id = update(app, {"schedule": schedule}).json["id"]
    before = app.rollout(rollout_id)
    reply = app.send("POST", f"/api/rollouts/{rollout_id}/reschedule", moved)
    assert (reply.status, reply.bad_fields) == (400, {field})
    assert "they open next at 2026-11-03T22:00+01:00" in reply.json["errors"][0]["message"]
    assert app.rollout(rollout_id) == before
    later = app.send("POST", f"/api/rollouts/{rollout_id}/reschedule", {field: "2026-11-03T23:00"})
    assert later.status == 202
