"""What lies outside the scopes of an image's accounts by now is neither switched off, copied, made nor deleted."""

from __future__ import annotations

import pytest

from shared.core.states import TaskState, VersionState
from shared.images.retention import tidy
from shared.models.accounts import Account
from shared.services import ACCOUNTS, IMAGES
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE, NEW, OLD, activated, post, recorded, states, studio
from tests.fixtures.world.azure import GROUP, TEMPLATE_ID

CHANGES = ("start_deallocate", "start_snapshot", "start_disk", "start_clone", "start_prepare", "generalize")
"""In the order of the steps."""
ELSEWHERE = GROUP.replace("rg-desktops", "rg-other")


def with_scopes(env: Environment, *scopes: str) -> None:
    """The image belongs to the account contoso, which has these scopes."""
    tables = env.app.tables
    image = tables.images.find(IMAGES, IMAGE)
    assert image
    if image.accounts is None:
        tables.images.replace(image.replace(accounts=("contoso",)))
        tables.accounts.add(Account(name="contoso", scopes=scopes))
    else:
        known = tables.accounts.find(ACCOUNTS, "contoso")
        assert known
        tables.accounts.replace(known.replace(scopes=scopes))


def subscription() -> str:
    return GROUP.partition("/resourceGroups")[0]


def changed(env: Environment) -> list[str]:
    """The calls to Azure that were more than reads."""
    return [method for method, _ in env.app.world.calls if method.startswith("start_") or method == "generalize"]


def test_a_template_outside_by_now_is_refused_and_not_read() -> None:
    env = studio(power="running")
    with_scopes(env, ELSEWHERE)
    env.app.world.calls.clear()
    reply = post(env, "/set-as-image", {"power_off": True})
    assert reply.status == 409
    assert "is outside the scopes of account contoso" in reply.json["detail"]
    assert env.app.world.count("template") == 0


def test_scopes_of_one_account_do_not_concern_an_image_of_all_accounts() -> None:
    env = studio()
    env.app.tables.accounts.add(Account(name="contoso", scopes=(ELSEWHERE,)))
    assert post(env, "/set-as-image").status == 202


@pytest.mark.parametrize("before", CHANGES)
def test_scopes_narrowed_during_a_set_as_image_stop_it_before_the_next_change(before: str) -> None:
    env = studio(power="running")
    with_scopes(env, subscription())
    reply = post(env, "/set-as-image", {"power_off": True})
    world = env.app.world
    if earlier := CHANGES[: CHANGES.index(before)]:
        env.run(40, until=lambda: world.count(earlier[-1]) > 0)
    with_scopes(env, ELSEWHERE)
    world.calls.clear()
    task = env.finish(reply.json["id"])
    assert task.state is TaskState.FAILED
    assert "is outside the scopes of account contoso" in task.failure
    assert set(changed(env)) <= {"start_power_on"}, "the template VM runs again as it did before"
    assert world.machines[TEMPLATE_ID.lower()].power == "running"
    assert states(env)[NEW] is VersionState.FAILED


def test_temporary_resources_outside_by_now_are_kept_and_named() -> None:
    env = studio()
    with_scopes(env, subscription())
    reply = post(env, "/set-as-image")
    env.run(40, until=lambda: env.app.world.count("start_clone") > 0)
    with_scopes(env, ELSEWHERE)
    task = env.finish(reply.json["id"])
    assert task.capture
    assert env.app.world.count("start_removal") == 0
    kept = [one for one in env.app.world.temporary() if not one.endswith("-nic")]  # that goes with its VM
    assert len(task.capture.left_over) == len(kept) > 0
    assert all("outside the scopes of account contoso" in text for text in task.capture.left_over)


def test_a_version_outside_by_now_is_not_removed_on_request() -> None:
    env = activated(studio())
    with_scopes(env, ELSEWHERE)
    env.app.world.calls.clear()
    reply = env.app.send("DELETE", f"/api/images/{IMAGE}/versions/{OLD}")
    assert reply.status == 409
    assert "outside the scopes of account contoso" in reply.json["detail"]
    assert env.app.world.calls == []


def test_a_version_outside_by_now_is_not_removed_by_retention_and_says_why() -> None:
    env = activated(studio())
    image = env.app.tables.images.find(IMAGES, IMAGE)
    assert image
    env.app.tables.images.replace(image.replace(retention=image.retention.replace(backups=0, days=0)))
    with_scopes(env, ELSEWHERE)
    tidy(env.app.services)
    assert env.app.world.count("start_removal") == 0
    assert "outside the scopes of account contoso" in recorded(env).versions[OLD].note
    with_scopes(env, subscription())
    tidy(env.app.services)
    assert env.app.world.count("start_removal") == 1


def test_a_version_outside_by_now_is_not_activated() -> None:
    env = studio(staged=True)
    with_scopes(env, ELSEWHERE)
    reply = post(env, "/activate")
    assert (reply.status, "outside the scopes of account contoso" in reply.text) == (422, True)
    assert recorded(env).state.active == OLD
