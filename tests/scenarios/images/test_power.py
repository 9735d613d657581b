"""The template VM is switched on and off from here, and nothing else is."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureBusy, AzureConflict
from shared.services import IMAGES
from tests.fixtures.audit import changes
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, get, post, studio
from tests.fixtures.world.azure import TEMPLATE_ID
from tests.scenarios.images.test_scopes import ELSEWHERE, with_scopes


def power(env: Environment, action: str) -> tuple[int, str]:
    reply = post(env, "/power", {"action": action})
    return reply.status, reply.json.get("template", {}).get("power") or reply.json.get("detail", "")


def calls(env: Environment) -> list[str]:
    return [method for method, _ in env.app.world.calls if method.startswith("start_")]


def test_it_is_started_and_switched_off() -> None:
    env = studio(power="deallocated")
    assert power(env, "start")[0] == 202
    assert calls(env) == ["start_power_on"]
    env.app.world.machines[TEMPLATE_ID.lower()] = env.app.world.machines[TEMPLATE_ID.lower()].replace(power="running")
    assert power(env, "stop")[0] == 202
    assert calls(env) == ["start_power_on", "start_deallocate"]
    done = [entry.action for entry in changes(env.app.tables)]
    assert {"start template VM", "stop template VM"} <= set(done)


@pytest.mark.parametrize(("now", "action"), [("running", "start"), ("deallocated", "stop"), ("stopped", "stop")])
def test_what_is_so_already_is_left_alone(now: str, action: str) -> None:
    env = studio(power=now)
    assert power(env, action) == (202, now)
    assert calls(env) == []


def test_the_image_says_which_vm_it_is_and_when_it_was_last_started() -> None:
    env = studio(power="deallocated")
    template = get(env, f"/images/{IMAGE}")["template"]
    assert template == {
        "name": TEMPLATE_ID.rpartition("/")[2],
        "vm_size": env.app.world.machines[TEMPLATE_ID.lower()].vm_size,
        "power": "deallocated",
        "last_started": None,
    }
    begun = env.app.now
    power(env, "start")
    assert get(env, f"/images/{IMAGE}")["template"]["last_started"] == begun.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("action", ["start", "stop"])
def test_not_while_a_version_is_made_from_it(action: str) -> None:
    env = studio(power="deallocated")
    task = post(env, "/set-as-image", {}).json["id"]
    env.app.world.machines[TEMPLATE_ID.lower()] = env.app.world.machines[TEMPLATE_ID.lower()].replace(
        power="deallocated" if action == "start" else "running"
    )
    before = calls(env)
    reply = post(env, "/power", {"action": action})
    assert (reply.status, reply.json["task"]) == (409, task)
    assert calls(env) == before


def test_only_a_vm_that_is_marked_as_its_template() -> None:
    env = studio(power="running")
    world = env.app.world
    world.templates[TEMPLATE_ID.lower()] = world.templates[TEMPLATE_ID.lower()].replace(image="other")
    assert "not marked as this image's template" in power(env, "stop")[1]
    assert calls(env) == []


def test_not_outside_the_scopes_of_its_account() -> None:
    env = studio(power="deallocated")
    with_scopes(env, ELSEWHERE)
    assert power(env, "start")[0] == 409
    assert calls(env) == []


def test_an_image_without_a_template_vm_has_nothing_to_switch() -> None:
    env = studio()
    image = env.app.tables.images.find(IMAGES, IMAGE)
    assert image
    env.app.tables.images.replace(image.replace(template_vm_id=""))
    assert power(env, "start") == (409, "This image has no template VM. Register it with one first.")
    assert get(env, f"/images/{IMAGE}")["template"] is None


def test_when_azure_is_busy_nothing_is_said_to_be_done() -> None:
    env = studio(power="deallocated")
    env.app.world.fail("start_power_on", AzureBusy("start", 503, "Busy", "not now"))
    assert post(env, "/power", {"action": "start"}).status == 503
    assert "start template VM" not in [entry.action for entry in changes(env.app.tables)]


def test_while_azure_is_busy_with_the_vm_it_is_said_when_to_ask_again() -> None:
    env = studio(power="running")
    env.app.world.fail("start_deallocate", AzureConflict("stop", 409, "OperationNotAllowed", "starting"))
    reply = post(env, "/power", {"action": "stop"})
    assert (reply.status, reply.headers["Retry-After"]) == (409, "15")


@pytest.mark.parametrize("body", [{}, {"action": "restart"}, {"action": "start", "force": True}])
def test_bad_requests(body: dict[str, object]) -> None:
    assert post(studio(), "/power", body).status == 400
