"""The plan of taking a pool back; nothing is written."""

from __future__ import annotations

from shared.core.states import RolloutState
from shared.models.rollout_parts import Before
from tests.api.rollouts.commands import all_rollouts, in_state, on_new_version, roll_back, updated_pool
from tests.fixtures.app import findings
from tests.fixtures.audit import changes

S = RolloutState


def test_the_preview_of_an_idle_pool_is_that_of_a_new_rollout() -> None:
    app = updated_pool()
    on_new_version(app, "h0", "h1")
    before = app.pool()
    reply = roll_back(app, what_if=True)
    assert (reply.status, reply.json["version"], reply.json["from_version"]) == (200, "1.0.0", "2.0.0")
    assert (reply.json["can_start"], reply.json["to_update"]) == (True, 2)
    assert findings(reply)["rollout"] == "pass"
    assert (app.pool(), all_rollouts(app), changes(app.tables, "2026-11")) == (before, [], [])


def test_the_preview_during_an_update_is_that_of_rolling_it_back() -> None:
    app, rollout_id = in_state(S.RUNNING)
    on_new_version(app, "h0")
    before = app.rollout(rollout_id)
    reply = roll_back(app, what_if=True)
    assert (reply.status, reply.json["version"], reply.json["to_update"]) == (200, "1.0.0", 1)
    assert reply.json["schedule"] == before.schedule.model_dump(mode="json")
    assert reply.json["policy"]["canary_hosts"] == 0
    assert reply.json["can_start"]
    finding = reply.json["preflight"][-1]
    assert (finding["check"], finding["result"]) == ("rollout", "warn")
    assert rollout_id in finding["detail"]
    assert app.rollout(rollout_id) == before


def test_the_preview_during_a_roll_back_names_the_rollout() -> None:
    app = updated_pool()
    rollout_id = roll_back(app).json["id"]
    reply = roll_back(app, what_if=True)
    assert (reply.status, reply.json["version"]) == (200, "1.0.0")
    assert f"rollout {rollout_id} rolls the pool back already" in str(reply.json["preflight"])


def test_the_preview_of_a_refused_roll_back_is_refused() -> None:
    app, _ = in_state(S.RUNNING, before=Before(version="2.0.0", image="win11"))
    assert roll_back(app, what_if=True).status == 409
    app, _ = in_state(S.RUNNING, before=Before(image="win11"))
    assert roll_back(app, what_if=True).status == 409
