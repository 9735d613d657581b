"""Who uses a version: pools, open rollouts, hosts; and whatever cannot be read may."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.errors import AzureBusy
from shared.core.ids import newest_first_id
from shared.core.states import RolloutState
from shared.images.usage import usage_text, users_of
from shared.models.rollouts import Rollout
from shared.services import IMAGES, POOLS, ROLLOUTS
from tests.fixtures.app import update
from tests.fixtures.engine import Environment
from tests.fixtures.scenarios.images import IMAGE
from tests.fixtures.scenarios.versions import ACTIVE, FIRST, NEXT, SECOND, add_pool, shelf
from tests.fixtures.world.azure import DEFINITION_ID, HOST_POOL_ID, vm_id_of


def users(env: Environment, version: str) -> list[str]:
    image = env.app.tables.images.find(IMAGES, IMAGE)
    assert image
    return users_of(env.app.services, image, version)


def change_vm(env: Environment, host: str, **changes: Any) -> None:
    env.app.world.change_machine(vm_id_of(host), **changes)


def test_pools_and_hosts_that_use_a_version_are_named() -> None:
    env = shelf(ACTIVE, FIRST)
    add_pool(env.app, "lab", NEXT)
    assert users(env, ACTIVE) == ["pool office", "host office-0 of pool office"]
    assert users(env, FIRST) == ["host office-1 of pool office"]
    assert users(env, NEXT) == ["pool lab"]
    assert users(env, SECOND) == []


def test_an_open_rollout_uses_its_old_and_its_target_version() -> None:
    env = shelf(SECOND)
    app = env.app
    pool = app.tables.pools.find(POOLS, "office")
    assert pool
    app.tables.pools.replace(pool.model_copy(update={"version": FIRST}))
    rollout_id = str(update(app, {"version": ACTIVE}).json["id"])
    who = f"rollout {rollout_id} of pool office"
    assert users(env, ACTIVE) == [who]
    assert users(env, FIRST) == ["pool office", who]
    rollout = app.tables.rollouts.find(ROLLOUTS, rollout_id)
    assert isinstance(rollout, Rollout)
    app.tables.rollouts.replace(rollout.model_copy(update={"state": RolloutState.FAILED}))
    assert users(env, ACTIVE) == []
    assert users(env, FIRST) == ["pool office"]


def test_a_request_being_accepted_may_use_any_version() -> None:
    env = shelf()
    app = env.app
    pool = app.tables.pools.find(POOLS, "office")
    assert pool
    app.tables.pools.replace(pool.model_copy(update={"running_rollout": newest_first_id(app.now)}))
    assert users(env, FIRST) == ["pool office, which is about to be updated"]
    app.later(minutes=2)
    assert users(env, FIRST) == []


def test_vms_of_the_definition_count_in_every_pool_and_in_any_case() -> None:
    env = shelf()
    add_pool(env.app, "linux", "7.0.0", FIRST, FIRST, image="linux")
    change_vm(env, "linux-0", definition_id=DEFINITION_ID.upper())
    change_vm(env, "linux-1", definition_id=f"{DEFINITION_ID}-other")
    assert users(env, FIRST) == ["host linux-0 of pool linux"]
    add_pool(env.app, "other", SECOND, image="win11-other")
    env.app.tables.images.add(
        env.app.services.images.all(IMAGES)[0].model_copy(
            update={"name": "win11-other", "definition_id": f"{DEFINITION_ID}-other", "etag": None}
        )
    )
    assert users(env, SECOND) == []


@pytest.mark.parametrize(
    ("definition", "version", "may_use"),
    [(DEFINITION_ID, None, True), (None, None, False), (None, FIRST, False)],
)
def test_a_vm_without_a_version_may_use_any_version_of_its_definition(
    definition: str | None, version: str | None, may_use: bool
) -> None:
    env = shelf(ACTIVE)
    change_vm(env, "office-0", definition_id=definition, version=version)
    assert users(env, FIRST) == (["host office-0 of pool office"] if may_use else [])


def test_a_host_with_a_deleted_vm_uses_nothing_and_one_without_a_vm_id_may_use_anything() -> None:
    env = shelf(FIRST)
    world = env.app.world
    del world.machines[vm_id_of("office-0").lower()]
    assert users(env, FIRST) == []
    hosts = world.hosts[HOST_POOL_ID.lower()]
    hosts["office-0"] = hosts["office-0"].model_copy(update={"vm_id": ""})
    assert users(env, FIRST) == ["host office-0 of pool office, whose VM is not known"]


@pytest.mark.parametrize("method", ["session_hosts", "machines"])
def test_a_pool_that_cannot_be_read_may_use_anything(method: str) -> None:
    env = shelf(ACTIVE)
    env.app.world.fail(method, AzureBusy(method, 429, "TooMany", "later"))
    assert "pool office, whose hosts could not be read" in users(env, FIRST)[0]
    env.app.world.refuse(method)
    assert "may not read" in users(env, FIRST)[0]
    env.app.world.faults.clear()
    assert users(env, FIRST) == []


def test_vms_without_read_permission_affect_only_their_pool() -> None:
    env = shelf(ACTIVE)
    add_pool(env.app, "lab", NEXT, FIRST)
    env.app.world.refuse("machines", target="lab")
    found = users(env, FIRST)
    assert [user.partition(",")[0] for user in found] == ["pool lab"]
    assert users(env, ACTIVE) == ["pool office", found[0], "host office-0 of pool office"]


def test_our_own_tables_must_be_readable() -> None:
    env = shelf()
    env.app.tables.pools.failures["all"] = [AzureBusy("table", 503, "Busy", "later")]
    with pytest.raises(AzureBusy):
        users(env, FIRST)


def test_a_pool_of_an_unregistered_image_counts_with_its_version() -> None:
    env = shelf()
    add_pool(env.app, "old", FIRST, image="forgotten")
    assert users(env, FIRST) == ["pool old"]
    assert users(env, SECOND) == []


def test_of_many_users_of_a_version_the_first_are_named() -> None:
    assert usage_text(["a", "b"]) == "a, b"
    assert usage_text([str(number) for number in range(12)]).endswith("1, 2 and 9 more")
