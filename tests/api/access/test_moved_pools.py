"""A pool moves to another customer only while nothing of the old one works on it."""

from __future__ import annotations

import pytest

from shared.core.states import TaskState
from shared.models.images import Image
from shared.models.pools import Pool, Refresh
from shared.services import IMAGES, TASKS
from tests.api.access.test_reach import FABRIKAM
from tests.api.access.world import two_customers
from tests.api.rollouts.commands import updated_pool
from tests.fixtures.app import App
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import recorded, studio

BOTH = {"x-dev-role": "admin", "x-dev-accounts": "contoso,fabrikam"}


def test_a_pool_whose_hosts_are_being_refreshed_does_not_move() -> None:
    """Its refresh would stay with the old customer, who could go on to read and change it."""
    app, names = two_customers()
    app.send("POST", f"/api/rollouts/{names['rollout']}/cancel", {"how": "leave"})
    app.tables.rollouts.replace(app.rollout(names["rollout"]).model_copy(update={"state": "cancelled"}))
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    app.tables.images.replace(image.replace(accounts=None))
    patch = {"refresh": Refresh.DAILY.value}
    assert app.send("PATCH", "/api/pools/office", patch, headers=BOTH).status == 200
    refresh = app.pool().refresh_rollout
    assert app.rollout(refresh).account == "contoso"
    reply = app.send("PATCH", "/api/pools/office", {"account": "fabrikam"}, headers=BOTH)
    assert (reply.status, reply.json["rollout"]) == (409, refresh), reply.text
    assert app.pool().account == "contoso"
    assert app.send("GET", "/api/pools/office", headers=FABRIKAM).status == 404


def moves_after_the_first_look(app: App) -> None:
    """The pool is given to fabrikam as soon as the caller has been let in."""
    find, looks = app.tables.pools.find, []

    def found(partition: str, name: str) -> Pool | None:
        row = find(partition, name)
        looks.append(name)
        if len(looks) == 1 and row is not None:
            app.tables.pools.replace(row.replace(account="fabrikam"))
        return row

    app.tables.pools.find = found  # type: ignore[method-assign]


def test_a_pool_that_moves_after_the_caller_was_let_in_is_not_rolled_back() -> None:
    app = updated_pool()
    moves_after_the_first_look(app)
    body = {"schedule": {"mode": "now"}}
    mine = {"x-dev-role": "operator", "x-dev-accounts": "default"}
    reply = app.send("POST", "/api/pools/office/roll-back", body, headers=mine)
    assert (reply.status, "Somebody else changed this pool" in reply.text) == (409, True)
    assert app.engine.rollouts == set()


def image_moves_after_the_first_look(env: Environment) -> None:
    """The image is given from the default account to fabrikam as soon as the caller has been let in."""
    tables = env.app.tables
    find, looks = tables.images.find, []

    def found(partition: str, name: str) -> Image | None:
        row = find(partition, name)
        looks.append(name)
        if len(looks) == 1 and row is not None:
            tables.images.replace(row.replace(accounts=("fabrikam",)))
        return row

    belongs_to(env, "default")
    tables.images.find = found  # type: ignore[method-assign]


def belongs_to(env: Environment, *accounts: str) -> None:
    row = env.app.tables.images.find(IMAGES, "win11")
    assert row
    env.app.tables.images.replace(row.replace(accounts=accounts))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "activate", {}),
        ("POST", "set-as-image", {"power_off": True}),
        ("POST", "stage", {"version": "2.0.0"}),
        ("POST", "versions/2.0.0/verdict", {"result": "passed"}),
        ("DELETE", "versions/2.0.0", None),
    ],
)
def test_nothing_is_done_with_an_image_that_moves_after_the_caller_was_let_in(
    method: str, path: str, body: object
) -> None:
    env = studio(staged=True)
    image_moves_after_the_first_look(env)
    before = recorded(env)
    mine = {"x-dev-role": "operator", "x-dev-accounts": "default"}
    reply = env.app.send(method, f"/api/images/win11/{path}", body, headers=mine)
    assert (reply.status, "Somebody else changed this image" in reply.text) == (409, True), reply.text
    assert recorded(env) == before
    assert env.app.tables.tasks.all(TASKS) == []


def test_a_set_as_image_stops_when_its_image_is_given_to_another_account() -> None:
    env = studio()
    belongs_to(env, "default")
    task_id = env.app.send("POST", "/api/images/win11/set-as-image", {"power_off": True}).json["id"]
    belongs_to(env, "default", "fabrikam")
    task = env.finish(task_id)
    assert (task.state, "belongs to other accounts" in task.failure) == (TaskState.FAILED, True), task
    assert recorded(env).state.staged is None
