"""A promotion that will wait for a second person is approved before it is due, and then goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.core.codes import Code
from shared.core.states import PromotionState, RolloutState
from shared.models.access.limits import Limits
from shared.models.access.roles import TwoPeople
from shared.models.policy import PolicyOverrides
from shared.models.pools import Ring
from shared.services import POOLS, ROLLOUTS
from tests.fixtures.app import App, Reply
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios import promotions
from tests.fixtures.scenarios.images import NEW, OLD, add_pool, on_versions

OPERATOR = {"x-dev-role": "operator", "x-dev-name": "oscar"}
NOW = {"schedule": {"mode": "now"}}


def two_people(app: App, rule: TwoPeople = TwoPeople.ALWAYS, **fields: Any) -> None:
    row = Limits(account="default", ring=Ring.PRODUCTION, two_people=rule, changed_at=app.now, **fields)
    known = app.tables.limits.find("default", Ring.PRODUCTION)
    if known:
        app.tables.limits.replace(row.written_over(known))
    else:
        app.tables.limits.add(row)


def planned(**body: Any) -> tuple[Environment, str]:
    """A promotion that is due in a day; its only pool is in production, which asks for two people."""
    env = promotions.with_staged()
    two_people(env.app)
    add_pool(env, "office", Ring.PRODUCTION)
    moment = (env.app.now + timedelta(days=1)).isoformat()
    reply = env.app.send("POST", "/api/promotions", {"image": "win11", "at": moment, **body}, headers=OPERATOR)
    assert reply.status == 201, reply.text
    return env, str(reply.json["id"])


def approve(env: Environment, path: str, name: str = "ann") -> Reply:
    headers = {"x-dev-name": name, "x-dev-role": "approver"}
    return env.app.send("POST", f"/api/{path}/approve", {}, headers=headers)


def seen(env: Environment, promotion_id: str) -> Any:
    return env.app.send("GET", f"/api/promotions/{promotion_id}").json


def change_pool(env: Environment, name: str = "office", **changes: Any) -> None:
    pool = env.app.tables.pools.find(POOLS, name)
    assert pool
    env.app.tables.pools.replace(pool.model_copy(update=changes))


@pytest.mark.parametrize("body", [{}, {"update_pools": "all", **NOW}, {"update_pools": ["office"], **NOW}])
def test_approved_before_it_goes_on_by_itself_when_it_is_due(body: dict[str, Any]) -> None:
    env, promotion_id = planned(**body)
    assert seen(env, promotion_id)["waits_for"]["code"] == Code.WAITS_FOR_SECOND_PERSON
    reply = approve(env, f"promotions/{promotion_id}")
    assert (reply.status, reply.json["waits_for"], reply.json["second_approved_by"]) == (202, None, "ann")
    assert approve(env, f"promotions/{promotion_id}").status == 202, "repeated, it changes nothing"
    env.run(23)
    assert promotions.active(env.app) == OLD
    env.run(48)
    promotions.assert_promoted_once(env.app, promotion_id)
    found = promotions.row(env.app, promotion_id)
    assert env.task(found.task).second.by == "ann"
    if body:
        assert on_versions(env, "office") == {NEW}
        assert {rollout.second.by for rollout in env.app.tables.rollouts.all(ROLLOUTS)} == {"ann"}


def moved(env: Environment, promotion_id: str) -> None:
    at = (env.app.now + timedelta(hours=20)).isoformat()
    path = f"/api/promotions/{promotion_id}/reschedule"
    assert env.app.send("POST", path, {"at": at}, headers=OPERATOR | {"x-dev-name": "mia"}).status == 200


CHANGES: dict[str, Callable[[Environment, str], object]] = {
    "moment": moved,
    "policy of a pool": lambda env, _: change_pool(env, policy=PolicyOverrides(max_in_flight=1)),
    "limits": lambda env, _: two_people(env.app, least_canary_hosts=2),
    "one more pool": lambda env, _: add_pool(env, "late", Ring.PRODUCTION),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_after_the_approval_needs_another_one(change: str) -> None:
    env, promotion_id = planned(update_pools="all", **NOW)
    approve(env, f"promotions/{promotion_id}")
    CHANGES[change](env, promotion_id)
    assert seen(env, promotion_id)["waits_for"]["code"] == Code.WAITS_AFTER_CHANGE
    env.run(30)
    found = promotions.row(env.app, promotion_id)
    assert (found.state, promotions.active(env.app)) == (PromotionState.PROMOTING, OLD)
    told = seen(env, promotion_id)["waits_for"]
    assert (told["code"], told["href"]) == (Code.WAITS_AFTER_CHANGE, f"/api/tasks/{found.task}")
    late = approve(env, f"promotions/{promotion_id}")
    assert (late.status, late.json["href"]) == (409, f"/api/tasks/{found.task}")
    assert approve(env, f"tasks/{found.task}").status == 202
    env.run(1)
    promotions.assert_promoted_once(env.app, promotion_id)


@pytest.mark.parametrize("change", CHANGES)
def test_a_second_approval_before_it_is_due_is_enough(change: str) -> None:
    env, promotion_id = planned(update_pools="all", **NOW)
    approve(env, f"promotions/{promotion_id}")
    CHANGES[change](env, promotion_id)
    assert approve(env, f"promotions/{promotion_id}", "bea").json["waits_for"] is None
    env.run(30)
    promotions.assert_promoted_once(env.app, promotion_id)


def test_who_moved_it_approves_neither_the_promotion_nor_its_task() -> None:
    env, promotion_id = planned()
    moved(env, promotion_id)
    refused = approve(env, f"promotions/{promotion_id}", "mia")
    assert (refused.status, "You have changed this promotion" in refused.json["detail"]) == (403, True)
    env.run(30)
    task = promotions.row(env.app, promotion_id).task
    assert approve(env, f"tasks/{task}", "mia").status == 403
    assert approve(env, f"tasks/{task}").status == 202


def test_a_ring_that_begins_to_ask_later_can_be_approved_before_too() -> None:
    env, promotion_id = planned()
    two_people(env.app, TwoPeople.NEVER)
    assert seen(env, promotion_id)["waits_for"] is None
    nothing = approve(env, f"promotions/{promotion_id}")
    assert (nothing.status, "waits for nobody" in nothing.json["detail"]) == (409, True)
    two_people(env.app)
    assert approve(env, f"promotions/{promotion_id}").status == 202
    env.run(30)
    promotions.assert_promoted_once(env.app, promotion_id)


def test_a_pool_of_a_ring_that_does_not_ask_may_change() -> None:
    env, promotion_id = planned(update_pools="all", **NOW)
    add_pool(env, "lab", Ring.TEST)
    approve(env, f"promotions/{promotion_id}")
    change_pool(env, "lab", policy=PolicyOverrides(max_in_flight=1))
    assert seen(env, promotion_id)["waits_for"] is None
    env.run(30)
    promotions.assert_promoted_once(env.app, promotion_id)


def test_the_approval_survives_a_crash_when_it_falls_due() -> None:
    env, promotion_id = planned()
    approve(env, f"promotions/{promotion_id}")
    env.run(23.9)
    env.crash()
    env.recover()
    env.run(3)
    promotions.assert_promoted_once(env.app, promotion_id)


@pytest.mark.parametrize("state", [PromotionState.CANCELLED, PromotionState.PROMOTED])
def test_one_that_has_ended_is_not_approved(state: PromotionState) -> None:
    env, promotion_id = planned()
    if state is PromotionState.CANCELLED:
        env.app.send("DELETE", f"/api/promotions/{promotion_id}", headers=OPERATOR)
    else:
        approve(env, f"promotions/{promotion_id}")
        env.run(30)
    assert approve(env, f"promotions/{promotion_id}", "bea").status == 409
    assert not [one for one in env.app.tables.rollouts.all(ROLLOUTS) if one.state is not RolloutState.SUCCEEDED]
