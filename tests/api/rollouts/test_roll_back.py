"""One call takes a pool back to what it was on before, whether an update runs or has ended."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import RolloutState
from shared.models.images import Image
from shared.models.policy import CanaryHold, OnFailure, PolicyOverrides
from shared.models.rollout_parts import Before
from shared.models.rollouts import FIRST_GUESS, RolloutKind
from shared.rollouts.recovery import resume_lost
from shared.services import ROLLOUTS
from tests.api.rollouts.commands import all_rollouts, in_state, roll_back, set_row, updated_pool
from tests.fixtures.app import START, Reply, change_pool, office, update
from tests.fixtures.audit import changes
from tests.fixtures.engine import Environment, ProcessDied
from tests.fixtures.version_sets import record_family, version_set
from tests.fixtures.world.azure import DEFINITION_ID

S = RolloutState
CAREFUL = {
    "canary_hosts": 2,
    "canary_hold": "approve",
    "bake_minutes": 60,
    "probe": "smoke",
    "windows": [{"from": "22:00", "to": "06:00"}],
    "on_failure": "pause",
    "settle_seconds": 5,
}


class TestAtRest:
    """No rollout runs: a new one goes to the previous version."""

    def test_a_roll_back_starts_now_and_reserves_the_pool(self) -> None:
        app = updated_pool()
        reply = roll_back(app, {"reason": "Teams is broken"})
        rollout = app.rollout(reply.json["id"])
        assert (reply.status, reply.headers["Location"]) == (202, f"/api/rollouts/{rollout.id}")
        assert (rollout.kind, rollout.version, rollout.before.version) == (RolloutKind.ROLL_BACK, "1.0.0", "2.0.0")
        assert (rollout.schedule.mode, rollout.schedule.force_at) == ("now", app.now)
        assert (rollout.reason, rollout.retry_of) == ("Teams is broken", "")
        assert app.pool().running_rollout == rollout.id
        assert app.engine.rollouts == {(rollout.id, 1)}
        assert [entry.action for entry in changes(app.tables, "2026-11")] == ["roll back pool"]

    def test_the_update_policy_of_the_pool_does_not_delay_a_roll_back(self) -> None:
        app = updated_pool(policy=PolicyOverrides.model_validate(CAREFUL))
        policy = app.rollout(roll_back(app).json["id"]).policy
        assert (policy.canary_hosts, policy.canary_hold, policy.bake_minutes) == (0, CanaryHold.AUTO, 0)
        assert (policy.probe, policy.windows, policy.on_failure) == (None, (), OnFailure.CONTINUE)
        assert policy.settle_seconds == 5

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"canary_hosts": 1}, {"canary_hosts": 1}),
            ({"bake_minutes": 5}, {"bake_minutes": 5, "canary_hosts": 1}),
            ({"canary_hold": "approve"}, {"canary_hold": "approve", "canary_hosts": 1}),
            ({"on_failure": "pause"}, {"on_failure": "pause", "canary_hosts": 0}),
            ({"windows": [{"from": "08:00", "to": "20:00"}]}, {"canary_hosts": 0}),
        ],
    )
    def test_a_roll_back_honours_the_fields_of_the_request(
        self, asked: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        app = updated_pool(policy=PolicyOverrides.model_validate(CAREFUL))
        policy = app.rollout(roll_back(app, {"policy": asked}).json["id"]).policy
        assert {name: getattr(policy, name) for name in expected} == expected
        assert len(policy.windows) == len(asked.get("windows", ()))

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"policy": {"windows": [{"from": "22:00", "to": "06:00"}]}}, {"schedule.mode"}),
            ({"policy": {"bake_minutes": 5, "canary_hosts": 0}}, {"policy.canary_hosts"}),
            ({"schedule": {"mode": "at", "at": 5}, "version": "1.0.0"}, {"schedule.at", "version"}),
            (
                {
                    "schedule": {"mode": "at", "at": "2026-11-01T22:00"},
                    "policy": {"bake_minutes": 5, "canary_hosts": 0},
                },
                {"schedule.at", "policy.canary_hosts"},
            ),
            ({"schedule": {"mode": "on_logoff"}}, {"schedule.deadline"}),
        ],
    )
    def test_invalid_fields_are_named_and_nothing_is_written(self, body: dict[str, Any], fields: set[str]) -> None:
        app = updated_pool()
        reply = roll_back(app, body)
        assert (reply.status, reply.bad_fields) == (400, fields)
        assert all_rollouts(app) == []

    def test_a_roll_back_may_wait_for_logoffs(self) -> None:
        app = updated_pool()
        schedule = {"mode": "on_logoff", "deadline": "2026-11-02T20:00"}
        rollout = app.rollout(roll_back(app, {"schedule": schedule}).json["id"])
        assert rollout.schedule.force_at.isoformat() == "2026-11-02T19:00:00+00:00"
        assert (rollout.policy.canary_hosts, rollout.policy.max_unavailable) == (0, "25%")

    def test_a_roll_back_may_return_to_another_image(self) -> None:
        app = updated_pool()
        other = DEFINITION_ID.replace("win11", "win10")
        record_family(app.tables.versions, version_set("1.0.0", backups=(), image="win10"))
        app.tables.images.add(Image(name="win10", definition_id=other, registered_at=START))
        app.world.add_version("1.0.0", other)
        change_pool(app, previous_image="win10")
        rollout = app.rollout(roll_back(app).json["id"])
        assert (rollout.image, rollout.definition_id, rollout.before.image) == ("win10", other, "win11")

    def test_a_roll_back_without_a_known_version_says_what_to_do(self) -> None:
        app = office()
        reply = roll_back(app)
        assert reply.status == 409
        assert 'with update-image; an older one needs "allow_downgrade": true' in reply.json["detail"]
        assert roll_back(app, what_if=True).status == 409

    def test_a_removed_version_stops_the_roll_back_before_anything_is_written(self) -> None:
        app = updated_pool(previous_version="0.9.0")
        assert (roll_back(app).status, app.pool().running_rollout) == (422, "")

    def test_an_unknown_pool_is_404(self) -> None:
        assert office().send("POST", "/api/pools/other/roll-back").status == 404

    def test_a_repeated_roll_back_is_the_same_rollout(self) -> None:
        app = updated_pool()
        first = roll_back(app).json["id"]
        app.later(minutes=1)
        again = roll_back(app)
        assert (again.status, again.json["id"], len(all_rollouts(app))) == (202, first, 1)

    def test_a_roll_back_waits_for_a_rollout_being_cancelled(self) -> None:
        app = updated_pool()
        first = roll_back(app).json["id"]
        app.send("POST", f"/api/rollouts/{first}/cancel")
        reply = roll_back(app)
        assert (reply.status, reply.json["rollout"]) == (409, first)

    def test_an_outcome_not_yet_recorded_on_the_pool_is_recorded_first(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        set_row(app, rollout_id, state=S.SUCCEEDED, ended_at=app.now)
        rollout = app.rollout(roll_back(app).json["id"])
        assert (rollout.version, rollout.before.version) == ("1.0.0", "2.0.0")


class TestWhileAnUpdateRuns:
    """It is taken back itself."""

    @pytest.mark.parametrize(
        ("state", "to"),
        [
            (S.RUNNING, S.ROLLING_BACK),
            (S.AWAITING_APPROVAL, S.ROLLING_BACK),
            (S.PAUSED, S.ROLLING_BACK),
            (S.ROLLING_BACK, S.ROLLING_BACK),
            (S.CANCELLING, S.ROLLING_BACK),
        ],
    )
    def test_a_roll_back_is_answered_in_every_state_of_the_update(self, state: RolloutState, to: RolloutState) -> None:
        app, rollout_id = in_state(state)
        reply = roll_back(app, {"reason": "Teams is broken"})
        assert (reply.status, reply.headers["Location"]) == (202, f"/api/rollouts/{rollout_id}")
        assert (reply.json["id"], app.rollout(rollout_id).state) == (rollout_id, to)
        assert len(all_rollouts(app)) == 1

    def test_an_update_that_has_not_started_has_nothing_to_roll_back(self) -> None:
        app, rollout_id = in_state(S.SCHEDULED)
        reply = roll_back(app)
        assert (reply.status, reply.json["rollout"]) == (409, rollout_id)
        assert "Cancel it" in reply.json["detail"]
        assert app.rollout(rollout_id).state is S.SCHEDULED

    def test_the_note_of_a_roll_back_says_who_and_why(self) -> None:
        app, rollout_id = in_state(S.RUNNING)
        roll_back(app, {"reason": "Teams is broken"})
        assert str(app.rollout(rollout_id).note) == "Rolled back by developer: “Teams is broken”."

    def test_a_roll_back_of_a_rollout_to_the_current_version_is_refused(self) -> None:
        app, rollout_id = in_state(S.RUNNING, before=Before(version="2.0.0", image="win11"))
        reply = roll_back(app)
        assert (reply.status, reply.json["rollout"]) == (409, rollout_id)
        assert 'cancel it with "how": "leave"' in reply.json["detail"]
        assert app.rollout(rollout_id).state is S.RUNNING


class TestCutOff:
    """The process dies between the claim, the row and the start."""

    def test_a_crash_before_the_row_is_written_releases_the_pool_after_seconds(self) -> None:
        app = updated_pool()
        app.tables.rollouts.failures["add"] = [ProcessDied()]  # type: ignore[list-item]
        with pytest.raises(ProcessDied):
            roll_back(app)
        claimed = app.pool().running_rollout
        reply = roll_back(app)
        assert (reply.status, "rollout" in reply.json) == (409, False)
        app.later(seconds=int(reply.headers["Retry-After"]))
        assert roll_back(app).json["id"] == app.pool().running_rollout != claimed

    def test_a_crash_after_the_row_is_written_is_resumed(self) -> None:
        app = updated_pool()
        app.tables.rollouts.lost_answers["add"] = [ProcessDied()]  # type: ignore[list-item]
        with pytest.raises(ProcessDied):
            roll_back(app)
        rollout_id = app.tables.rollouts.all(ROLLOUTS)[0].id
        assert roll_back(app).json["id"] == rollout_id
        app.later(minutes=2)
        assert resume_lost(app.services, app.engine) == [rollout_id]


class TestInTheEnd:
    """The whole way, in virtual time."""

    def test_a_roll_back_restores_an_updated_pool(self) -> None:
        app = office()
        env = Environment(app)
        run(env, update(app))
        assert (app.pool().version, app.pool().previous_version) == ("2.0.0", "1.0.0")
        app.later(minutes=1)
        rollout = run(env, roll_back(app))
        assert rollout == S.SUCCEEDED
        assert (app.pool().version, app.pool().previous_version) == ("1.0.0", None)
        assert roll_back(app).status == 409  # once more would bring back what nobody wants

    def test_a_roll_back_undoes_a_running_update(self) -> None:
        app = office()
        env = Environment(app)
        reply = update(app, {"policy": {"max_in_flight": 1}})
        env.run(until=lambda: app.world.count("start_reimage") == 2)
        assert run(env, roll_back(app)) == S.ROLLED_BACK
        assert app.rollout(reply.json["id"]).rolling_back
        assert app.pool().version == "1.0.0"


def run(env: Environment, reply: Reply) -> RolloutState:
    """How the rollout ends that is answered."""
    rollout_id = reply.json["id"]
    env.run(until=lambda: env.app.rollout(rollout_id).state.ended)
    return env.app.rollout(rollout_id).state


@pytest.mark.parametrize(("known", "expected"), [(None, FIRST_GUESS), (240.0, 240.0)])
def test_a_rollout_records_the_former_state_of_the_pool(known: float | None, expected: float) -> None:
    app = updated_pool(host_seconds=known)
    rollout = app.rollout(update(app, {"version": "2.0.0"}).json["id"])
    expected_before = Before(version=app.pool().version, image="win11", previous_version="1.0.0")
    assert (rollout.kind, rollout.before) == (RolloutKind.UPDATE, expected_before)
    assert (rollout.zone, rollout.first_guess) == ("Europe/Berlin", expected)
