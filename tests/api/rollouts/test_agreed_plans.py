"""A publish that carries the plan it was shown is refused, with the new plan, when something else would be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.services import ROLLOUTS, TASKS
from tests.fixtures.app import NOW, App, Reply, change_pool, office
from tests.fixtures.world.azure import HOST_POOL_ID

DEADLINE = {"mode": "on_logoff", "deadline": "2026-11-02T23:00"}
UPDATE, FLEET = "/api/pools/office/update-image", "/api/rollouts"
ROLL_BACK = "/api/pools/office/roll-back"
IMAGE_BACK = "/api/images/win11/roll-back"
BODIES: dict[str, dict[str, Any]] = {
    UPDATE: {"version": "2.0.0", "schedule": NOW},
    FLEET: {"version": "2.0.0", "schedule": NOW, "pools": ["office"]},
    ROLL_BACK: {"schedule": NOW},
    IMAGE_BACK: {"version": "1.0.0", "update_pools": "all", "schedule": NOW},
}
"""What each route is asked. Three people are signed in on the hosts that would be updated."""
ROUTES = pytest.mark.parametrize("path", BODIES)


def ready(path: str) -> App:
    """An app in which this may be asked."""
    app = office()
    app.tables.pools.replace(app.pool().replace(version="1.0.0", previous_version="2.0.0"))
    if path == IMAGE_BACK:
        app.tables.pools.replace(app.pool().replace(version="2.0.0", previous_version=None))
        for number in range(3):
            app.world.recreate(f"h{number}.contoso.local", "2.0.0")
    return app


def planned(app: App, path: str, **changes: Any) -> dict[str, Any]:
    reply = app.send("POST", f"{path}?what_if=true", BODIES[path] | changes)
    assert reply.status == 200, reply.text
    found = reply.json
    assert isinstance(found, dict)
    return found


def publish(app: App, path: str, **changes: Any) -> Reply:
    return app.send("POST", path, BODIES[path] | changes)


def anything_written(app: App) -> bool:
    return bool(app.tables.rollouts.all(ROLLOUTS) or app.tables.tasks.all(TASKS) or app.pool().running_rollout)


def somebody_more(app: App) -> None:
    app.world.log_on("h1.contoso.local", "somebody")


def another_host(app: App) -> None:
    app.world.add_host("h3.contoso.local")


def another_policy(app: App) -> None:
    change_pool(app, policy=app.pool().policy.replace(keep_old_disk_days=3))


CHANGES: list[Callable[[App], None]] = [another_host, another_policy]


@ROUTES
def test_the_id_stays_while_nothing_changes_but_time_and_sessions(path: str) -> None:
    app = ready(path)
    first = planned(app, path)
    assert len(first["id"]) == 16
    app.later(minutes=3)
    somebody_more(app)
    again = planned(app, path)
    assert again["id"] == first["id"]
    assert again["users_at_force"] == first["users_at_force"] + 1


@ROUTES
def test_what_was_agreed_is_published(path: str) -> None:
    app = ready(path)
    plan = planned(app, path)
    app.later(minutes=3)
    reply = publish(app, path, plan=plan["id"], sign_outs=plan["users_at_force"])
    assert reply.status == 202, reply.text


@ROUTES
@pytest.mark.parametrize("change", CHANGES)
def test_other_hosts_or_another_policy_are_refused_with_the_new_plan(path: str, change: Callable[[App], None]) -> None:
    app = ready(path)
    agreed = planned(app, path)["id"]
    change(app)
    reply = publish(app, path, plan=agreed)
    assert (reply.status, reply.json["type"]) == (409, "urn:freshcoat:plan-changed")
    assert reply.json["plan"]["id"] == planned(app, path)["id"] != agreed
    assert not anything_written(app)
    assert publish(app, path, plan=reply.json["plan"]["id"]).status == 202


@ROUTES
def test_more_sign_outs_than_allowed_are_refused(path: str) -> None:
    app = ready(path)
    plan = planned(app, path)
    somebody_more(app)
    reply = publish(app, path, plan=plan["id"], sign_outs=plan["users_at_force"])
    assert (reply.status, reply.json["plan"]["users_at_force"]) == (409, plan["users_at_force"] + 1)
    assert "4 people" in reply.json["detail"]
    assert not anything_written(app)
    assert publish(app, path, plan=plan["id"]).status == 202


@ROUTES
def test_a_bound_on_sign_outs_needs_no_plan(path: str) -> None:
    app = ready(path)
    assert publish(app, path, sign_outs=2).status == 409
    assert publish(app, path, sign_outs=3).status == 202


@ROUTES
def test_fewer_sign_outs_are_fine(path: str) -> None:
    app = ready(path)
    plan = planned(app, path)
    app.world.log_off("h1.contoso.local")
    assert publish(app, path, plan=plan["id"], sign_outs=plan["users_at_force"]).status == 202


@pytest.mark.parametrize("path", [UPDATE, FLEET])
@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1.0.0", "allow_downgrade": True},
        {"schedule": DEADLINE},
        {"policy": {"canary_hosts": 2}},
    ],
)
def test_another_request_is_another_plan(path: str, changes: dict[str, Any]) -> None:
    app = ready(path)
    agreed = planned(app, path)["id"]
    assert publish(app, path, plan=agreed, **changes).status == 409
    assert not anything_written(app)


def test_a_deadline_that_moves_is_another_plan_and_one_that_stays_is_not() -> None:
    app = ready(UPDATE)
    first = planned(app, UPDATE, schedule=DEADLINE)["id"]
    app.later(minutes=10)
    assert planned(app, UPDATE, schedule=DEADLINE)["id"] == first
    assert planned(app, UPDATE, schedule=DEADLINE | {"deadline": "2026-11-02T22:00"})["id"] != first


def test_a_plan_of_a_host_that_is_done_is_another_plan() -> None:
    app = ready(UPDATE)
    agreed = planned(app, UPDATE)["id"]
    app.world.recreate("h0.contoso.local", "2.0.0")
    assert publish(app, UPDATE, plan=agreed).json["type"] == "urn:freshcoat:plan-changed"


def test_a_refused_plan_is_not_kept_for_the_same_idempotency_key() -> None:
    app = ready(UPDATE)
    agreed = planned(app, UPDATE)["id"]
    another_host(app)
    body = BODIES[UPDATE] | {"plan": agreed}
    assert app.send("POST", UPDATE, body, headers={"Idempotency-Key": "k"}).status == 409
    app.world.hosts[HOST_POOL_ID.lower()].pop("h3.contoso.local")
    assert app.send("POST", UPDATE, body, headers={"Idempotency-Key": "k"}).status == 202


def test_a_repeated_roll_back_is_answered_as_before() -> None:
    app = ready(ROLL_BACK)
    plan = planned(app, ROLL_BACK)["id"]
    first = publish(app, ROLL_BACK, plan=plan)
    assert publish(app, ROLL_BACK, plan=plan).json["id"] == first.json["id"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"plan": "x"}, "plan"), ({"sign_outs": -1}, "sign_outs"), ({"sign_outs": True}, "sign_outs")],
)
@ROUTES
def test_what_cannot_be_a_plan_is_refused(path: str, changes: dict[str, Any], field: str) -> None:
    assert publish(ready(path), path, **changes).bad_fields == {field}
