"""Only a VM that is marked as an image's template is switched off and copied, and never a session host."""

from __future__ import annotations

from shared.core.errors import AzureForbidden
from shared.core.names import TEMPLATE_TAG
from shared.models.azure import SessionHost
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import add_pool, get, post, studio
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID, TEMPLATE_ID

POWER_OFF = {"power_off": True}


def with_host_as_template(env: Environment) -> None:
    """Somebody adds the template VM to the host pool of a registered pool, and seven people work on it."""
    name = "template.contoso.local"
    host = SessionHost(name=name, vm_id=TEMPLATE_ID.upper(), accepting=True, sessions=7, status="Available")
    env.app.world.hosts[HOST_POOL_ID.lower()][name] = host


def running_with_pool() -> Environment:
    env = studio(power="running")
    add_pool(env, "office")
    return env


def put(env: Environment, vm_id: str = TEMPLATE_ID) -> str:
    reply = env.app.send("PUT", "/api/images/win11", {"definition_id": DEFINITION_ID, "template_vm_id": vm_id})
    return "" if reply.status == 200 else str(reply.json["errors"][0]["message"])


def is_off(env: Environment) -> bool:
    return env.app.world.count("start_deallocate") > 0


def test_a_session_host_is_no_template() -> None:
    env = running_with_pool()
    with_host_as_template(env)
    assert "session host of pool office" in put(env)
    assert "session host of pool office" in put(env, TEMPLATE_ID.upper())
    reply = post(env, "/set-as-image", POWER_OFF)
    assert (reply.status, "session host of pool office" in reply.json["detail"]) == (409, True)
    assert not is_off(env)


def test_a_vm_without_the_tag_is_no_template_and_the_answer_says_how_to_set_it() -> None:
    env = running_with_pool()
    for tags in ({}, {TEMPLATE_TAG: "another"}):
        world = env.app.world
        world.machines[TEMPLATE_ID.lower()] = world.machines[TEMPLATE_ID.lower()].model_copy(update={"tags": tags})
        template = world.templates[TEMPLATE_ID.lower()]
        world.templates[TEMPLATE_ID.lower()] = template.model_copy(update={"image": tags.get(TEMPLATE_TAG, "")})
        assert "FreshcoatTemplate = win11" in put(env)
        reply = post(env, "/set-as-image", POWER_OFF)
        assert (reply.status, "FreshcoatTemplate = win11" in reply.json["detail"]) == (409, True)
    assert not is_off(env)


def test_a_vm_that_became_a_session_host_is_not_switched_off() -> None:
    env = running_with_pool()
    task = post(env, "/set-as-image", POWER_OFF).json["id"]
    with_host_as_template(env)
    env.finish(task)
    seen = get(env, f"/tasks/{task}")
    assert seen["state"] == "failed"
    assert "session host of pool office" in str(seen["note"])
    assert not is_off(env)


def test_a_pool_that_cannot_be_read_may_hold_the_vm() -> None:
    env = running_with_pool()
    forbidden = AzureForbidden("session_hosts", 403, "AuthorizationFailed", "no right")
    env.app.world.fail("session_hosts", forbidden, times=10**6)
    assert put(env) == ""
    reply = post(env, "/set-as-image", POWER_OFF)
    assert (reply.status, "cannot be read" in reply.json["detail"]) == (409, True)
    assert not is_off(env)
