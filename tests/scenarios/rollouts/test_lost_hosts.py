"""Hosts that a rollout took out of its host pool and failed on, and what people do with their VMs meanwhile."""

from __future__ import annotations

import pytest

from shared.core.errors import AzureRefused
from shared.core.names import EXCLUSION_TAG, FAILED_TAG
from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.rollout_engine import Drive
from tests.fixtures.scenarios.rollouts import (
    EAGER,
    assert_all_well,
    assert_given_back,
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


def lost(**policy: object) -> Drive:
    """Two hosts; one was taken out of the pool, could not join, and failed."""
    drive = office(0, 0)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue", "keep_failed": "all"} | policy)
    fail(drive, "host-02", kind="join")
    fail(drive, "host-02", kind="create")
    drive.run(300)
    assert_over(drive, RolloutState.FAILED)
    assert "host-02" not in hosts(drive)
    assert FAILED_TAG in tags(drive, "host-02")
    return drive


def put_to_use(drive: Drive, host: str) -> None:
    """Somebody registers the VM in another host pool by hand and forgets its tags; people work on it."""
    drive.world.add_pool(ELSEWHERE)
    machine = drive.world.machines[vm_id_of(host).lower()]
    drive.world.add_host(host, host_pool_id=ELSEWHERE, version=OLD, tags=dict(machine.tags))
    drive.world.log_on(host, "eve", ELSEWHERE)


@pytest.mark.parametrize("retry", [False, True])
def test_a_lost_host_that_serves_in_another_pool_by_now_is_left_alone(retry: bool) -> None:
    drive = lost()
    put_to_use(drive, "host-02")
    done_before = drive.world.count("start_reimage", "host-02"), drive.world.count("start_join", "host-02")
    drive.publish(policy=EAGER, fields={"retry_of": drive.rollout_id} if retry else {})
    drive.run(900)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert drive.rows["host-02"].state is HostState.SKIPPED
    assert drive.world.users_on("host-02") == ["eve"]
    assert drive.world.machines[vm_id_of("host-02").lower()].running
    assert (drive.world.count("start_reimage", "host-02"), drive.world.count("start_join", "host-02")) == done_before


def test_who_may_not_list_the_host_pools_of_the_subscription_can_still_retry() -> None:
    drive = lost()
    drive.world.refuse("registered_elsewhere")
    drive.publish(policy=EAGER, fields={"retry_of": drive.rollout_id})
    drive.run(900)
    assert_all_well(drive)
    assert drive.versions() == {NEW}


@pytest.mark.parametrize("again", ["retry", "another rollout"])
def test_a_lost_host_is_kept_from_autoscale_and_its_disk_is_kept_while_it_is_brought_back(again: str) -> None:
    drive = office(0, 0)
    vm_id = vm_id_of("host-02")
    old_disk = drive.world.machines[vm_id.lower()].os_disk_id
    refused = AzureRefused("reimage", 400, "Boom", "it did not work")
    drive.world.fail("start_reimage", refused, target=vm_id)
    drive.publish(policy=EAGER | {"retries": 0, "on_failure": "continue"}, reimage="works")
    drive.run(300)
    assert_over(drive, RolloutState.FAILED)
    assert "host-02" not in hosts(drive)
    assert EXCLUSION_TAG not in tags(drive, "host-02")
    found: list[tuple[str | None, str | None]] = []

    def look() -> None:
        machine = drive.world.machines[vm_id.lower()]
        found.append((machine.tags.get(EXCLUSION_TAG), machine.os_disk_delete_option))

    for method in ("start_reimage", "start_join", "start_register"):
        drive.world.meanwhile(method, look, target=vm_id)
    drive.publish(policy=EAGER, fields={"retry_of": drive.rollout_id} if again == "retry" else {})
    drive.run(900)
    assert_all_well(drive)
    assert found == [("freshcoat", "Detach")] * 3
    assert old_disk in drive.world.disks
    assert old_disk in {kept.disk_id for kept in drive.tables.disks.all("office")}
    assert_given_back(drive, "host-02")


def serves_elsewhere(drive: Drive, host: str) -> bool:
    machine = drive.world.machines[vm_id_of(host).lower()]
    return (
        machine.running and drive.world.users_on(host) == ["eve"] and drive.world.count("start_deallocate", host) == 0
    )


def test_a_first_host_that_is_moved_to_another_pool_while_it_is_watched_is_not_switched_off() -> None:
    drive = office(0, 0)
    drive.publish(policy={"bake_minutes": 60, "keep_failed": "none"})
    drive.run(120, until=lambda: any(row.check.proving_since for row in drive.rows.values()))
    (first,) = (host for host, row in drive.rows.items() if row.canary)
    drive.world.move_host(first, "eve")
    drive.run(900)
    assert_over(drive, RolloutState.FAILED)
    assert "out of the host pool" in drive.rows[first].error
    assert serves_elsewhere(drive, first)


def test_a_host_that_was_off_and_is_moved_to_another_pool_before_it_is_given_back_stays_on() -> None:
    drive = office(0, power="deallocated")
    drive.publish(ScheduleMode.NOW)
    drive.run(120, until=lambda: registering(drive.world))
    # Looked at until it is healthy, and once more before it is switched off again.
    at_call(drive.world, "session_host", 2, lambda: drive.world.move_host("host-01", "eve"))
    drive.run(900)
    assert_over(drive, RolloutState.SUCCEEDED)
    assert serves_elsewhere(drive, "host-01")
