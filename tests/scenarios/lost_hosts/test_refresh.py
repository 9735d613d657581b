"""A refresh whose writes were lost: its hosts come back, and their VMs are as they were."""

from __future__ import annotations

import pytest

from shared.core.states import HostState
from shared.models.azure import DeleteOption
from shared.rollouts.recovery import search_pools
from tests.fixtures.scenarios.refresh import Office, office
from tests.fixtures.world.azure import vm_id_of


def being_refreshed(step: str) -> Office:
    """The first host is being refreshed, up to this step; the disk of its VM is not deleted with it otherwise."""
    pool = office(0, 0)
    found = {"os_disk_delete_option": DeleteOption.DETACH, "tags": {"ScalingPlanExclusion": "ops"}}
    pool.world.change_machine(vm_id_of("host-01"), **found)
    pool.use("host-01")
    pool.env.run(6, until=lambda: pool.rows["host-01"].step == step)
    return pool


def assert_as_it_was(pool: Office) -> None:
    assert pool.hosts["host-01"].serving
    machine = pool.machine("host-01")
    assert machine.os_disk_delete_option == DeleteOption.DETACH
    assert machine.tags == {"ScalingPlanExclusion": "ops"}


def lose_writes(pool: Office, state: HostState | None) -> None:
    rows, refresh = pool.app.tables.hosts, pool.app.pool().refresh_rollout
    while "host-01" in pool.rows and pool.rows["host-01"].state is not state:
        rows.lose_writes(refresh, "host-01", 1)


@pytest.mark.parametrize("back_to", [HostState.PENDING, HostState.DRAINING, None])
def test_the_delete_option_of_a_refreshed_vm_is_given_back_although_its_row_was_lost(back_to: HostState | None) -> None:
    pool = being_refreshed("register_host")
    pool.world.refuse("update")
    pool.hours(2)
    assert pool.hosts["host-01"].serving
    assert pool.machine("host-01").os_disk_delete_option == DeleteOption.DELETE
    lose_writes(pool, back_to)
    pool.world.faults.clear()
    pool.hours(5)
    assert_as_it_was(pool)


def test_a_refreshed_host_without_a_row_is_taken_up_once_the_timer_has_found_it() -> None:
    pool = being_refreshed("join_host")
    lose_writes(pool, None)
    pool.hours(1)
    assert "host-01" not in pool.hosts
    assert search_pools(pool.app.services) == ["host-01"]
    pool.hours(5)
    assert_as_it_was(pool)


@pytest.mark.parametrize("back_to", [HostState.PENDING, HostState.DRAINING, HostState.REIMAGING])
def test_a_refreshed_host_comes_back_although_its_rebuild_was_forgotten(back_to: HostState) -> None:
    pool = being_refreshed("join_host")
    lose_writes(pool, back_to)
    pool.hours(5)
    assert_as_it_was(pool)
