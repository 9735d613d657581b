"""What tests of whole rollouts share: a pool in one line, what operators do to it, what must hold in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.api.rollouts import Reschedule
from shared.core.names import EXCLUSION_TAG, FAILED_TAG, ROLLOUT_TAG
from shared.core.states import HostState, RolloutState
from shared.models.azure import SessionHost
from shared.rollouts import control
from tests.fixtures.azure_fakes import AzureWorld
from tests.fixtures.azure_world import HOST_POOL_ID, vm_id_of
from tests.fixtures.builders import NEW, OLD
from tests.fixtures.driver import Drive

EAGER = {"min_available": 0, "max_unavailable": "100%", "canary_hosts": 0}
"""A policy that drains the whole pool at once."""


def office(*users: int, session_limit: int = 5, **fields: Any) -> Drive:
    """A pool with so many users on each of its hosts; `fields` are those of `AzureWorld.add_host`."""
    world = AzureWorld()
    world.add_pool(session_limit=session_limit)
    world.add_version(OLD)
    world.add_version(NEW)
    for number, count in enumerate(users, start=1):
        world.add_host(f"host-{number:02}", users=count, **fields)
    return Drive(world)


def hosts(drive: Drive) -> dict[str, SessionHost]:
    """The session hosts as the broker sees them."""
    return drive.world.hosts[HOST_POOL_ID.lower()]


def tags(drive: Drive, host: str) -> dict[str, str]:
    """The tags of a host's VM."""
    return drive.world.machines[vm_id_of(host).lower()].tags


def states(drive: Drive) -> set[HostState]:
    """The states the hosts are in."""
    return {row.state for row in drive.rows.values()}


def in_work(drive: Drive) -> int:
    """How many hosts are being rebuilt."""
    return sum(row.state.in_work for row in drive.rows.values())


def registering(world: AzureWorld) -> bool:
    """Whether a host is being registered: what comes after it is done in one go."""
    return any(running.kind == "register" for running in world.running.values())


def at_call(world: AzureWorld, method: str, number: int, action: Callable[[], object]) -> None:
    """Have something happen once, as a port's method is called for the `number`th time from now on."""
    happens = action if number == 1 else lambda: at_call(world, method, number - 1, action)
    world.meanwhile(method, happens)


def most(drive: Drive, measure: Callable[[Drive], int]) -> Callable[[], int]:
    """Measure after every step from now on; the greatest value so far."""
    seen = [0]
    drive.every_step.append(lambda: seen.append(max(seen[-1], measure(drive))))
    return lambda: seen[-1]


def reimaged(drive: Drive) -> dict[str, int]:
    """Destructive calls per host."""
    return {host: drive.world.count("start_reimage", host) for host in drive.rows}


def pause(drive: Drive) -> None:
    """An operator pauses the rollout."""
    control.pause(drive.services, drive.engine, drive.rollout_id, "ann")


def resume(drive: Drive) -> None:
    """An operator resumes the rollout."""
    control.resume(drive.services, drive.engine, drive.rollout_id, "ann")


def cancel(drive: Drive) -> None:
    """An operator cancels the rollout."""
    control.cancel(drive.services, drive.engine, drive.rollout_id, "ann")


def reschedule(drive: Drive, **moments: str) -> None:
    """An operator moves the rollout's moments."""
    control.reschedule(drive.services, drive.engine, drive.rollout_id, Reschedule(**moments), "ann")


def assert_over(drive: Drive, *ends: RolloutState) -> None:
    """The rollout has ended so, each host is in an end state, the pool is released, nothing was violated."""
    assert drive.rollout.state in ends, f"{drive.rollout.state}: {drive.rollout.note}"
    assert all(row.state.ended for row in drive.rows.values()), states(drive)
    assert drive.pool.running_rollout == ""
    assert drive.world.violations == []


def assert_all_well(drive: Drive) -> None:
    """Every host on the target, nothing violated, everything given back, the pool released."""
    assert_over(drive, RolloutState.SUCCEEDED)
    assert drive.versions() == {NEW}
    assert drive.pool.version == NEW
    for machine in drive.world.machines.values():
        assert not {EXCLUSION_TAG, ROLLOUT_TAG, FAILED_TAG} & set(machine.tags)


def assert_given_back(drive: Drive, *names: str) -> None:
    """These hosts accept sessions, and nothing of ours is left on their VMs."""
    for name in names:
        assert hosts(drive)[name].accepting, f"{name} is still drained"
        assert not {EXCLUSION_TAG, ROLLOUT_TAG} & set(tags(drive, name)), tags(drive, name)
        assert drive.world.machines[vm_id_of(name).lower()].os_disk_delete_option == "Delete"
