"""Images of several customers: one of them neither activates nor moves what counts for the others, nor reads it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import RolloutState, VersionState
from shared.models.promotions import Promotion
from shared.models.tasks import ActivationWork, TaskKind
from shared.models.withdrawals import StoppedRollout
from shared.records.versions import read_versions
from shared.services import IMAGES, PROMOTIONS, TASKS
from tests.api.access.test_reach import CONTOSO, FABRIKAM
from tests.api.access.world import PROMOTION, TASK, two_customers
from tests.fixtures.app import App
from tests.fixtures.version_sets import record_family, version_row, version_set

EVERYTHING = {"x-dev-role": "admin", "x-dev-accounts": "*"}
BOTH = {"x-dev-role": "admin", "x-dev-accounts": "contoso,fabrikam"}


def shared_by(*accounts: str) -> tuple[App, dict[str, str]]:
    """The two customers with an image that belongs to these accounts; nobody: to all."""
    app, names = two_customers()
    image = app.tables.images.find(IMAGES, "win11")
    assert image
    app.tables.images.replace(image.replace(accounts=accounts or None))
    return app, names


def promotion(app: App, **changes: Any) -> Promotion:
    """The promotion's row, changed."""
    found = app.tables.promotions.find(PROMOTIONS, PROMOTION)
    assert found
    return app.tables.promotions.replace(found.model_copy(update=changes))


def version_of(app: App) -> None:
    """A staged 3.0.0 that is in no other region."""
    app.world.add_version("3.0.0")
    others = [version_row("3.0.0", VersionState.STAGED)]
    for row in app.tables.versions.every():
        app.tables.versions.remove(row)
    record_family(app.tables.versions, version_set("2.0.0", backups=(), staged="3.0.0", others=others))


@pytest.mark.parametrize("accounts", [(), ("contoso", "fabrikam")])
def test_an_activation_that_counts_for_others_is_not_scheduled(accounts: tuple[str, ...]) -> None:
    app, _ = shared_by(*accounts)
    body = {"image": "win11", "at": "2026-11-03T20:00"}
    reply = app.send("POST", "/api/promotions", body, headers=CONTOSO)
    assert (reply.status, reply.json.get("need")) == (403, "publish")
    assert len(app.tables.promotions.all(PROMOTIONS)) == 1
    allowed = app.send("POST", "/api/promotions", body, headers=BOTH if accounts else EVERYTHING)
    assert allowed.status == 409, allowed.text  # nothing is staged: the caller got as far as that


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/reschedule")])
def test_an_activation_of_a_shared_image_is_not_moved_by_who_has_only_its_pools(method: str, path: str) -> None:
    app, _ = shared_by()
    promotion(app, accounts=("contoso",))
    assert app.send("GET", f"/api/promotions/{PROMOTION}", headers=CONTOSO).status == 200
    body = {"at": "2026-11-05T20:00"} if method == "POST" else None
    reply = app.send(method, f"/api/promotions/{PROMOTION}{path}", body, headers=CONTOSO)
    assert (reply.status, reply.json.get("need")) == (403, "steer")


def test_a_task_on_a_shared_image_names_no_rollouts_of_others() -> None:
    app, names = shared_by()
    task = app.tables.tasks.find(TASKS, TASK)
    assert task
    rollout = names["rollout"]
    stopped = StoppedRollout(pool="office", rollout=rollout, state=RolloutState.PAUSED, href=f"/api/rollouts/{rollout}")
    work = ActivationWork(stopped=(stopped,))
    app.tables.tasks.replace(task.model_copy(update={"accounts": ("*",), "activation": work}))

    def told(headers: dict[str, str]) -> list[str]:
        shown = app.send("GET", f"/api/tasks/{TASK}", headers=headers).json["stopped_rollouts"]
        return [one["pool"] for one in shown]

    assert (told(CONTOSO), told(FABRIKAM), told(EVERYTHING)) == (["office"], [], ["office"])


@pytest.mark.parametrize("path", ["images/win11", "images"])
def test_a_shared_image_shows_no_task_of_others(path: str) -> None:
    app, _ = shared_by()
    state = read_versions(app.services, "win11").state
    app.tables.versions.replace(state.model_copy(update={"last_task": TASK}))

    def last(headers: dict[str, str]) -> object:
        shown = app.send("GET", f"/api/{path}", headers=headers).json
        image = shown["items"][0] if path == "images" else shown
        return image["last_task"] and image["last_task"]["id"]

    assert (last(CONTOSO), last(FABRIKAM), last(EVERYTHING)) == (TASK, None, TASK)


def test_a_plan_for_a_shared_image_names_no_pools_of_others() -> None:
    app, _ = shared_by()
    for machine in list(app.world.machines.values()):
        app.world.change_machine(machine.id, location="northeurope")
    version_of(app)

    def told(headers: dict[str, str]) -> tuple[bool, bool]:
        reply = app.send("POST", "/api/images/win11/activate?what_if=true", {}, headers=headers)
        assert reply.status == 200, reply.text
        return "northeurope" in reply.text, "where office is" in reply.text

    assert (told(EVERYTHING), told(CONTOSO), told(FABRIKAM)) == ((True, True), (True, True), (True, False))


@pytest.mark.parametrize("verb", ["approve", "cancel"])
@pytest.mark.parametrize("kind", [TaskKind.ACTIVATE, TaskKind.ROLL_BACK])
def test_an_activation_of_a_shared_image_is_not_decided_by_who_has_only_its_pools(verb: str, kind: TaskKind) -> None:
    app, _ = shared_by()
    task = app.tables.tasks.find(TASKS, TASK)
    assert task
    app.tables.tasks.replace(task.model_copy(update={"kind": kind}))
    role = {"x-dev-role": "approver" if verb == "approve" else "operator"}
    reply = app.send("POST", f"/api/tasks/{TASK}/{verb}", {}, headers=CONTOSO | role)
    assert (reply.status, reply.json.get("need")) == (403, "approve" if verb == "approve" else "steer")
    assert app.send("GET", f"/api/tasks/{TASK}", headers=CONTOSO).status == 200


def test_an_update_of_own_pools_with_a_shared_image_is_decided_by_who_has_the_pools() -> None:
    app, _ = shared_by()
    task = app.tables.tasks.find(TASKS, TASK)
    assert task
    app.tables.tasks.replace(task.model_copy(update={"kind": TaskKind.UPDATE_POOLS}))
    assert app.send("POST", f"/api/tasks/{TASK}/cancel", {}, headers=CONTOSO).status in {202, 409}
