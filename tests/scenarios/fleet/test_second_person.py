"""Tasks that wait for a second person: nothing begins before, and one approval covers the task's rollouts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.core.codes import Code
from shared.core.states import PromotionState, RolloutState, TaskState
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.policy import PolicyOverrides
from shared.models.pools import Ring
from shared.models.tasks import Gate
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.app import Reply
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios import promotions
from tests.fixtures.scenarios.fleet import THREE, ask, crowd, newest_rollouts, notes, run_until_note, seen, tell
from tests.fixtures.scenarios.images import NEW, OLD, add_pool, given_out, on_versions, post, recorded, studio


def asking(env: Environment, ring: Ring = Ring.PRODUCTION) -> Environment:
    """The ring asks for two people."""
    row = Limits(account="default", ring=ring, two_people=TwoPeople.ALWAYS, changed_at=env.app.now)
    env.app.tables.limits.add(row)
    return env


def approve(env: Environment, task_id: str, name: str = "ann", **body: Any) -> Reply:
    headers = {"x-dev-name": name, "x-dev-role": "approver"}
    return env.app.send("POST", f"/api/tasks/{task_id}/approve", body, headers=headers)


def staged() -> Environment:
    """2.0.0 staged, 1.0.0 active, and a pool in production on 1.0.0."""
    env = asking(studio(staged=True))
    add_pool(env, "office", Ring.PRODUCTION)
    return env


def requested(env: Environment, path: str = "/activate", **body: Any) -> str:
    reply = post(env, path, body)
    assert reply.status == 202, reply.text
    return str(reply.json["id"])


def change_pool(env: Environment, name: str, **changes: Any) -> None:
    pool = env.app.tables.pools.find(POOLS, name)
    assert pool
    env.app.tables.pools.replace(pool.model_copy(update=changes))


def test_a_fleet_update_waits_as_a_whole_and_its_approval_covers_every_ring() -> None:
    env = asking(crowd())
    task_id = ask(env)
    env.run(5)
    view = seen(env, task_id)
    assert (view["waits_for"]["code"], view["second_person"]) == (Code.WAITS_FOR_SECOND_PERSON, True)
    assert view["awaiting_since"]
    assert set(notes(env, task_id).values()) == {"waits for approval"}
    assert env.app.tables.rollouts.all(ROLLOUTS) == []
    assert approve(env, task_id).status == 202
    assert approve(env, task_id).status == 202, "repeated, it changes nothing"
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert {rollout.second.by for rollout in newest_rollouts(env).values()} == {"ann"}
    assert on_versions(env, "office") == {NEW}


def test_rings_that_do_not_ask_go_on_by_themselves() -> None:
    env = asking(crowd(*THREE[:2]))
    assert env.finish(ask(env)).state is TaskState.SUCCEEDED


@pytest.mark.parametrize("path", ["", "/activate"])
def test_who_asked_and_who_changed_a_pool_last_does_not_approve(path: str) -> None:
    env = staged() if path else asking(crowd())
    task_id = requested(env, path) if path else ask(env)
    change_pool(env, "office", changed_by_id="development:eve")
    for name in ("developer", "eve"):
        assert approve(env, task_id, name).status == 403
    assert approve(env, task_id).status == 202


def test_a_pool_changed_after_the_approval_waits_by_itself_when_its_ring_begins() -> None:
    env = asking(crowd())
    task_id = ask(env, soak_minutes=60)
    assert approve(env, task_id).status == 202
    env.run(1, until=lambda: "lab" in newest_rollouts(env))
    change_pool(env, "office", policy=PolicyOverrides(max_in_flight=1))
    env.run(48, until=lambda: "office" in newest_rollouts(env))
    env.run(2)
    found = newest_rollouts(env)
    assert found["pilot"].state is RolloutState.SUCCEEDED
    assert (found["office"].state, found["office"].started_at) == (RolloutState.AWAITING_APPROVAL, None)
    told = seen(env, task_id)["pools"][-1]["note"]
    assert told["code"] == Code.WAITS_FOR_SECOND_PERSON


def test_the_approval_of_a_ring_is_another_one() -> None:
    env = asking(crowd())
    task_id = ask(env, gate=Gate.APPROVE)
    assert approve(env, task_id, ring=1).status == 409
    assert approve(env, task_id).status == 202
    run_until_note(env, task_id, "Ring 1 waits for approval")
    assert approve(env, task_id, ring=1).status == 202


@pytest.mark.parametrize("path", ["", "/activate"])
def test_a_task_that_nobody_approves_fails_and_a_cancelled_one_ends_and_nothing_was_begun(path: str) -> None:
    for cancelled in (False, True):
        env = staged() if path else asking(crowd())
        task_id = requested(env, path, update_pools="all", schedule={"mode": "now"}) if path else ask(env)
        if cancelled:
            assert tell(env, task_id, "cancel").status == 202
        task = env.finish(task_id)
        assert task.state is (TaskState.CANCELLED if cancelled else TaskState.FAILED)
        assert env.app.tables.rollouts.all(ROLLOUTS) == []
        assert approve(env, task_id).status == 409
        if path:
            assert given_out(env, "office") == OLD


def test_an_activation_switches_nothing_before_the_approval() -> None:
    env = staged()
    task_id = requested(env, update_pools="all", schedule={"mode": "now"})
    env.run(30)
    assert (recorded(env).state.active, given_out(env, "office")) == (OLD, OLD)
    assert env.task(task_id).version == NEW
    assert approve(env, task_id).status == 202
    assert env.finish(task_id).state is TaskState.SUCCEEDED
    assert (recorded(env).state.active, on_versions(env, "office")) == (NEW, {NEW})


def test_an_activation_is_checked_again_after_its_approval() -> None:
    env = staged()
    task_id = requested(env)
    env.run(1)
    env.app.world.versions.clear()
    approve(env, task_id)
    assert env.finish(task_id).state is TaskState.FAILED
    assert recorded(env).state.active == OLD


def test_an_activation_survives_a_crash_while_it_waits() -> None:
    env = staged()
    task_id = requested(env)
    env.run(1)
    env.crash()
    env.recover()
    env.run(1)
    assert recorded(env).state.active == OLD
    approve(env, task_id)
    assert env.finish(task_id).state is TaskState.SUCCEEDED


def test_rolling_an_image_back_to_the_version_before_never_waits() -> None:
    env = asking(crowd(("office", Ring.PRODUCTION)))
    task_id = requested(env, "/roll-back", update_pools="all", schedule={"mode": "now"})
    assert recorded(env).state.active == OLD
    assert env.finish(task_id).state is TaskState.SUCCEEDED


def test_a_due_promotion_waits_and_is_promoted_after_the_approval_and_not_before() -> None:
    env = promotions.with_staged()
    asking(env)
    add_pool(env, "office", Ring.PRODUCTION)
    promotion_id = promotions.plan(env.app)
    env.run(30)
    found = promotions.row(env.app, promotion_id)
    assert (found.state, promotions.active(env.app)) == (PromotionState.PROMOTING, OLD)
    assert approve(env, found.task).status == 202
    env.run(1)
    promotions.assert_promoted_once(env.app, promotion_id)
    assert promotions.row(env.app, promotion_id).ended_at


def test_a_due_promotion_that_nobody_approves_fails_and_frees_its_image() -> None:
    env = promotions.with_staged()
    asking(env)
    add_pool(env, "office", Ring.PRODUCTION)
    promotion_id = promotions.plan(env.app)
    env.run(timedelta(days=9) / timedelta(hours=1))
    promotions.assert_not_promoted(env.app, promotion_id, PromotionState.FAILED)


def test_setting_an_image_does_not_wait_but_the_activation_at_once_does() -> None:
    env = asking(studio())
    add_pool(env, "office", Ring.PRODUCTION)
    capture = requested(env, "/set-as-image", stage=False, power_off=True)
    task = env.finish(capture)
    assert task.state is TaskState.SUCCEEDED
    assert task.capture
    assert env.task(task.capture.activation).second.awaiting_since
    assert approve(env, task.capture.activation, "developer").status == 403
