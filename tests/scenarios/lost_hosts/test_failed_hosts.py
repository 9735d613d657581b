"""Hosts that a rollout took out of its host pool and failed on, and what people do with their VMs meanwhile."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureRefused
from shared.core.names import EXCLUSION_TAG, FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    RolloutEnvironment,
    assert_all_well,
    assert_in_service_again,
    assert_over,
    at_call,
    hosts,
    office,
    registering,
    tags,
)
from tests.fixtures.world.azure import vm_id_of
from tests.scenarios.rollouts.test_waves_and_failures import fail

ELSEWHERE = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.DesktopVirtualization/hostPools/hp-other"


def lost(**policy: object) -> RolloutEnvironment:
    """Two hosts; one was taken out of the pool, could not join, and failed."""
    env = office(0, 0)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue", "keep_failed": "all"} | policy)
    fail(env, "host-02", kind="join")
    fail(env, "host-02", kind="create")
    env.run_to_minute(300)
    assert_over(env, RolloutState.FAILED)
    assert "host-02" not in hosts(env)
    assert FAILED_TAG in tags(env, "host-02")
    return env


def put_to_use(env: RolloutEnvironment, host: str) -> None:
    """Somebody registers the VM in another host pool by hand and forgets its tags; people work on it."""
    env.world.add_pool(ELSEWHERE)
    machine = env.world.machines[vm_id_of(host).lower()]
    env.world.add_host(host, host_pool_id=ELSEWHERE, version=OLD, tags=dict(machine.tags))
    env.world.log_on(host, "eve", ELSEWHERE)


@pytest.mark.parametrize("retry", [False, True])
def test_a_lost_host_that_now_serves_another_pool_is_not_touched(retry: bool) -> None:
    env = lost()
    put_to_use(env, "host-02")
    done_before = env.world.count("start_reimage", "host-02"), env.world.count("start_join", "host-02")
    env.publish(policy=EAGER, fields={"retry_of": env.rollout_id} if retry else {})
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert env.rows["host-02"].state is HostState.SKIPPED
    assert env.world.users_on("host-02") == ["eve"]
    assert env.world.machines[vm_id_of("host-02").lower()].running
    assert (env.world.count("start_reimage", "host-02"), env.world.count("start_join", "host-02")) == done_before


def test_retry_works_without_the_right_to_list_host_pools() -> None:
    env = lost()
    env.world.refuse("registered_elsewhere")
    env.publish(policy=EAGER, fields={"retry_of": env.rollout_id})
    env.run_to_minute(900)
    assert_all_well(env)
    assert env.versions() == {NEW}


@pytest.mark.parametrize("again", ["retry", "another rollout"])
def test_a_lost_host_is_excluded_from_autoscale_and_keeps_its_disk_while_it_is_recovered(again: str) -> None:
    env = office(0, 0)
    vm_id = vm_id_of("host-02")
    old_disk = env.world.machines[vm_id.lower()].os_disk_id
    refused = AzureRefused("reimage", 400, "Boom", "it did not work")
    env.world.fail("start_reimage", refused, target=vm_id)
    env.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    env.run_to_minute(300)
    assert_over(env, RolloutState.FAILED)
    assert "host-02" not in hosts(env)
    assert EXCLUSION_TAG not in tags(env, "host-02")
    found: list[tuple[str | None, str | None]] = []

    def look() -> None:
        machine = env.world.machines[vm_id.lower()]
        found.append((machine.tags.get(EXCLUSION_TAG), machine.os_disk_delete_option))

    for method in ("start_reimage", "start_join", "start_register"):
        env.world.meanwhile(method, look, target=vm_id)
    env.publish(policy=EAGER, fields={"retry_of": env.rollout_id} if again == "retry" else {})
    env.run_to_minute(900)
    assert_all_well(env)
    assert found == [("freshcoat", "Detach")] * 3
    assert old_disk in env.world.disks
    assert old_disk in {kept.disk_id for kept in env.tables.disks.all("office")}
    assert_in_service_again(env, "host-02")


def serves_elsewhere(env: RolloutEnvironment, host: str) -> bool:
    machine = env.world.machines[vm_id_of(host).lower()]
    return machine.running and env.world.users_on(host) == ["eve"] and env.world.count("start_deallocate", host) == 0


def test_a_canary_host_moved_to_another_pool_is_not_switched_off() -> None:
    env = office(0, 0)
    env.publish(policy={"bake_minutes": 60, "keep_failed": "none"})
    env.run_to_minute(120, until=lambda: any(row.check.proving_since for row in env.rows.values()))
    (first,) = (host for host, row in env.rows.items() if row.canary)
    env.world.move_host(first, "eve")
    env.run_to_minute(900)
    assert_over(env, RolloutState.FAILED)
    assert "out of the host pool" in env.rows[first].error
    assert serves_elsewhere(env, first)


def test_a_powered_off_host_moved_to_another_pool_stays_on() -> None:
    env = office(0, power="deallocated")
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(120, until=lambda: registering(env.world))
    # Looked at until it is healthy, and once more before it is switched off again.
    at_call(env.world, "session_host", 2, lambda: env.world.move_host("host-01", "eve"))
    env.run_to_minute(900)
    assert_over(env, RolloutState.SUCCEEDED)
    assert serves_elsewhere(env, "host-01")
