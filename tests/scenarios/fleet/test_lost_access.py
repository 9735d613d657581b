"""Work whose requester has lost access by the time it falls due: it waits for an approver, and nothing is touched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.access.two_people.requesters import is_still_allowed
from shared.core.codes import Code
from shared.core.errors import AzureBusy
from shared.core.states import PromotionState, RolloutState, TaskState
from shared.models.access.grants import AppKey, Grant
from shared.models.access.roles import Role
from shared.models.policy import ScheduleMode
from shared.models.pools import Ring
from shared.models.rollouts import RolloutKind
from shared.services import APP_KEYS, GRANTS, ROLLOUTS, TASKS
from tests.fixtures.app import App, change_pool
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios import promotions
from tests.fixtures.scenarios.fleet import ask, crowd, newest_rollouts, seen
from tests.fixtures.scenarios.images import OLD, add_pool, on_versions, post, recorded, studio
from tests.fixtures.scenarios.rollouts import assert_all_well, office
from tests.fixtures.tokens import ANN, BOB, TENANT

WHO, OTHER = f"{TENANT}.{ANN}", f"{TENANT}.{BOB}"
KEY = "key:pipeline"


def give(app: App, principal: str = WHO, *accounts: str) -> None:
    app.tables.grants.add(Grant(principal=principal, accounts=accounts or ("*",), changed_at=app.now))


def take(app: App) -> None:
    """Somebody else keeps a grant."""
    give(app, OTHER)
    found = app.tables.grants.find(GRANTS, WHO)
    assert found
    app.tables.grants.remove(found)


def key(app: App, *accounts: str, days: float = 9) -> AppKey:
    ends = app.now + timedelta(days=days)
    row = AppKey(
        name="pipeline",
        digest="0" * 64,
        role=Role.OPERATOR,
        accounts=accounts,
        created_at=app.now,
        expires_at=ends,
    )
    return app.tables.app_keys.add(row)


def revoked(app: App) -> None:
    found = key(app, "default")
    app.tables.app_keys.replace(found.replace(revoked_at=app.now))


@pytest.mark.parametrize(
    ("requester", "given", "allowed"),
    [
        ("", lambda app: give(app, OTHER), True),
        ("development:ann", lambda app: give(app, OTHER), True),
        (WHO, give, True),
        (WHO, lambda app: give(app, WHO, "default"), True),
        (WHO, lambda app: give(app, WHO, "fabrikam"), False),
        (WHO, lambda app: give(app, OTHER), False),
        (WHO, lambda app: None, True),
        (KEY, lambda app: key(app, "default"), True),
        (KEY, lambda app: key(app, "fabrikam"), False),
        (KEY, lambda app: key(app, "default", days=-1), False),
        (KEY, revoked, False),
        (KEY, lambda app: None, False),
    ],
)
def test_who_may_still_have_asked_for_it(requester: str, given: Callable[[App], object], allowed: bool) -> None:
    app = App()
    given(app)
    assert is_still_allowed(app.services, requester, ("default",)) is allowed


def approve(app: App, path: str, *, status: int = 202) -> None:
    headers = {"x-dev-name": "bea", "x-dev-role": "approver"}
    reply = app.send("POST", f"/api/{path}/approve", {}, headers=headers)
    assert reply.status == status, reply.text


def test_a_scheduled_rollout_waits_when_it_falls_due_and_not_before_and_nobody_is_warned() -> None:
    env = office(1)
    give(env.app)
    env.publish(ScheduleMode.AT, begin=600, fields={"requester": WHO})
    env.run_to_minute(5)
    take(env.app)
    env.run_to_minute(500)
    assert env.rollout.state is RolloutState.SCHEDULED
    env.run_to_minute(700)
    assert (env.rollout.state, env.rollout.started_at) == (RolloutState.AWAITING_APPROVAL, None)
    assert env.rollout.note
    assert env.rollout.note.code == Code.REQUESTER_LOST_ACCESS
    assert env.world.messages == []
    assert env.world.count("set_accepting") == 0
    approve(env.app, f"rollouts/{env.rollout_id}")
    env.run_to_minute(until=lambda: env.rollout.state.ended)
    assert_all_well(env)


def test_a_scheduled_rollout_may_be_approved_before_it_is_due_and_begins_by_itself_then() -> None:
    env = office(1)
    give(env.app)
    env.publish(ScheduleMode.AT, begin=600, fields={"requester": WHO})
    env.run_to_minute(5)
    approve(env.app, f"rollouts/{env.rollout_id}", status=409)
    take(env.app)
    bea = {"x-dev-name": "bea", "x-dev-role": "approver"}
    view = env.app.send("GET", f"/api/rollouts/{env.rollout_id}", headers=bea).json
    assert (view["state"], view["waits_for"]["code"]) == ("scheduled", Code.REQUESTER_LOST_ACCESS)
    assert view["may_approve"] == {"can": True, "why": None}
    approve(env.app, f"rollouts/{env.rollout_id}")
    approve(env.app, f"rollouts/{env.rollout_id}")
    view = env.app.send("GET", f"/api/rollouts/{env.rollout_id}", headers=bea).json
    assert (view["state"], view["waits_for"], view["may_approve"]) == ("scheduled", None, None)
    assert (view["second_approved_by"], env.rollout.second.for_requester) == ("bea", True)
    env.run_to_minute(601)
    assert env.rollout.started_at
    env.run_to_minute(until=lambda: env.rollout.state.ended)
    assert_all_well(env)


def test_who_changed_the_pool_last_does_not_stand_in_before_it_is_due_either() -> None:
    env = office(1)
    give(env.app)
    env.publish(ScheduleMode.AT, begin=600, fields={"requester": WHO})
    env.run_to_minute(5)
    take(env.app)
    change_pool(env.app, changed_by_id="development:bea")
    approve(env.app, f"rollouts/{env.rollout_id}", status=403)
    assert env.rollout.second.at is None


def test_a_rollout_that_runs_goes_on() -> None:
    env = office(1)
    give(env.app)
    env.publish(force=60, fields={"requester": WHO})
    env.run_to_minute(10)
    take(env.app)
    env.run_to_minute(until=lambda: env.rollout.state.ended)
    assert_all_well(env)


def test_a_ring_that_falls_due_waits_and_one_approval_is_enough_for_the_rest() -> None:
    env = crowd()
    give(env.app)
    task_id = ask(env, soak_minutes=60)
    task = env.app.tables.tasks.find(TASKS, task_id)
    assert task
    env.app.tables.tasks.replace(task.replace(requester=WHO))
    env.run(until=lambda: "lab" in newest_rollouts(env) and newest_rollouts(env)["lab"].state.ended)
    take(env.app)
    env.run(10)
    assert set(newest_rollouts(env)) == {"lab"}
    assert seen(env, task_id)["waits_for"]["code"] == Code.REQUESTER_LOST_ACCESS
    approve(env.app, f"tasks/{task_id}")
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert set(newest_rollouts(env)) == {"lab", "pilot", "office"}


def test_a_due_promotion_waits_for_an_approver() -> None:
    env = promotions.with_staged()
    add_pool(env, "office", Ring.PRODUCTION)
    give(env.app)
    promotion_id = promotions.plan(env.app)
    env.app.tables.promotions.replace(promotions.row(env.app, promotion_id).replace(requester=WHO))
    take(env.app)
    env.run(30)
    found = promotions.row(env.app, promotion_id)
    assert (found.state, promotions.active(env.app)) == (PromotionState.PROMOTING, OLD)
    assert seen(env, found.task)["waits_for"]["code"] == Code.REQUESTER_LOST_ACCESS
    approve(env.app, f"tasks/{found.task}")
    env.run(1)
    promotions.assert_promoted_once(env.app, promotion_id)


def test_a_revoked_key_stops_what_it_scheduled() -> None:
    env = office(1)
    key(env.app, "default")
    env.publish(ScheduleMode.AT, begin=60, fields={"requester": KEY})
    found = env.app.tables.app_keys.find(APP_KEYS, "pipeline")
    assert found
    env.app.tables.app_keys.replace(found.replace(revoked_at=env.now))
    env.run_to_minute(100)
    assert env.app.tables.rollouts.all(ROLLOUTS)[0].state is RolloutState.AWAITING_APPROVAL


def asked_by_who(env: Environment, task_id: str) -> None:
    task = env.app.tables.tasks.find(TASKS, task_id)
    assert task
    env.app.tables.tasks.replace(task.replace(requester=WHO))


def test_an_activation_that_crashed_before_its_switch_waits_when_it_is_taken_up_again() -> None:
    env = studio(staged=True)
    add_pool(env, "office", Ring.PRODUCTION)
    give(env.app)
    env.app.tables.versions.failures["write_many"] = [AzureBusy("table", 503, "Down", "later")] * 50
    assert post(env, "/activate").status == 202
    env.app.tables.versions.failures.clear()
    (task,) = env.app.tables.tasks.all(TASKS)
    asked_by_who(env, task.id)
    take(env.app)
    env.run(2)
    assert recorded(env).state.active == OLD
    assert seen(env, task.id)["waits_for"]["code"] == Code.REQUESTER_LOST_ACCESS
    approve(env.app, f"tasks/{task.id}")
    assert env.finish(task.id).state is TaskState.SUCCEEDED


def test_the_activation_after_a_set_as_image_waits() -> None:
    env = studio()
    add_pool(env, "office", Ring.PRODUCTION)
    give(env.app)
    capture = post(env, "/set-as-image", {"stage": False}).json["id"]
    asked_by_who(env, capture)
    take(env.app)
    task = env.finish(capture)
    assert task.capture
    env.run(2)
    assert recorded(env).state.active == OLD
    assert seen(env, task.capture.activation)["waits_for"]["code"] == Code.REQUESTER_LOST_ACCESS


def test_rolling_a_fleet_update_back_waits_for_nobody() -> None:
    env = crowd()
    give(env.app)
    task_id = ask(env, soak_minutes=60)
    asked_by_who(env, task_id)
    env.run(until=lambda: "lab" in newest_rollouts(env) and newest_rollouts(env)["lab"].state.ended)
    take(env.app)
    env.run(3)
    assert env.app.send("POST", f"/api/tasks/{task_id}/cancel", {"how": "roll_back"}).status == 202
    assert env.finish(task_id).state is TaskState.CANCELLED
    back = newest_rollouts(env)["lab"]
    assert (back.kind, back.state) == (RolloutKind.ROLL_BACK, RolloutState.SUCCEEDED)
    assert on_versions(env, "lab") == {OLD}
