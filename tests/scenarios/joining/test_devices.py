"""The devices of hosts in Entra ID: the old one goes before its host joins again, and nobody else's is touched."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.states import HostState, RolloutState
from shared.models.policy import ScheduleMode
from shared.models.pools import EntraJoin
from tests.fixtures.scenarios.rollouts import RolloutEnvironment, assert_all_well, hosts, office, reimaged
from tests.fixtures.world.azure import vm_id_of

ENTRA = EntraJoin(kind="entra")


def joined(*users: int, says: bool = True, **fields: Any) -> RolloutEnvironment:
    """A pool whose hosts have a device in Entra ID; `says`: the device names its VM."""
    env = office(*users, **fields)
    for host in hosts(env):
        vm_id = vm_id_of(host)
        device = env.world.add_device(host, vm_id if says else "")
        env.world.device_ids[vm_id.lower()] = device.device_id
    return env


def publish(env: RolloutEnvironment, **fields: Any) -> None:
    """Update everything now, without retries, and let it end."""
    env.publish(
        ScheduleMode.NOW, policy={"retries": 0, "strategy": fields.pop("strategy", "auto")}, **{"join": ENTRA, **fields}
    )
    env.run_to_minute(24 * 60)


def names(env: RolloutEnvironment) -> list[str]:
    """The devices in Entra ID by name."""
    return sorted(device.name for device in env.world.devices.values())


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("strategy", ["reimage", "replace"])
def test_the_old_device_of_each_host_goes_before_it_joins(says: bool, strategy: str) -> None:
    env = joined(0, 0, says=says)
    before = set(env.world.devices)
    publish(env, strategy=strategy)
    assert_all_well(env)
    assert names(env) == ["host-01", "host-02"]
    assert not before & set(env.world.devices)
    assert env.world.count("start_inspection") == (0 if says else 2), "a device that names its VM needs no question"


def test_a_device_that_is_found_for_a_while_is_waited_for() -> None:
    env = joined(0)
    env.world.device_lists_late = 3
    publish(env)
    assert_all_well(env)
    assert env.world.count("devices") >= 4


def test_a_device_that_never_goes_fails_the_host_at_the_limit() -> None:
    env = joined(0)
    env.world.device_lists_late = 10**9
    publish(env)
    assert env.rollout.state is RolloutState.FAILED
    assert "did not finish within" in env.rows["host-01"].error
    assert "forgotten its old device" in env.rows["host-01"].error
    assert env.world.count("start_join") == 0


@pytest.mark.parametrize("case", ["two", "another_vm", "registered_only", "not_this_vm"])
def test_a_foreign_device_of_the_name_stops_the_host_before_the_wipe(case: str) -> None:
    env = joined(0, 0, says=case != "not_this_vm")
    match case:
        case "two":
            env.world.add_device("HOST-01")
        case "another_vm":
            change(env, "host-01", vm_id=vm_id_of("other").lower())
        case "registered_only":
            change(env, "host-01", vm_id="", trust="Workplace")
        case "not_this_vm":
            env.world.device_ids[vm_id_of("host-01").lower()] = "another-device"
    of_host_01 = {device.id for device in env.world.devices.values() if device.name.lower() == "host-01"}
    env.publish(ScheduleMode.NOW, policy={"retries": 2, "max_failed": 5, "proof": "none"}, join=ENTRA)
    env.run_to_minute(24 * 60)
    assert env.rows["host-01"].state is HostState.FAILED
    assert "host-01 in Entra ID" in env.rows["host-01"].error or "2 devices called" in env.rows["host-01"].error
    assert reimaged(env) == {"host-01": 0, "host-02": 1}
    assert "host-01" in hosts(env) and of_host_01 <= set(env.world.devices)
    assert env.world.count("start_join") == 1


def change(env: RolloutEnvironment, name: str, **fields: str) -> None:
    """Change a device."""
    device = next(device for device in env.world.devices.values() if device.name == name)
    env.world.devices[device.id] = device.model_copy(update=fields)


def test_of_a_host_that_is_off_the_only_device_of_its_name_counts_as_its_own() -> None:
    env = joined(0, says=False, power="deallocated")
    publish(env)
    assert_all_well(env)
    assert env.world.count("start_inspection") == 0


def test_without_the_right_no_host_is_wiped() -> None:
    env = joined(0)
    env.world.graph_rights.clear()
    publish(env)
    assert "Device.ReadWrite.All" in str(env.rollout.note)
    assert reimaged(env) == {"host-01": 0}


@pytest.mark.parametrize("cleanup", ["entra_intune", "entra"])
def test_the_record_in_intune_goes_only_when_the_pool_asks_for_it(cleanup: str) -> None:
    env = office(0)
    device = env.world.add_device("host-01", vm_id_of("host-01"), intune=True)
    other = env.world.add_device("somebody", intune=True)
    mine, theirs = list(env.world.managed_devices.values())
    env.world.managed_devices[theirs.id] = theirs.model_copy(update={"name": "host-01"})
    publish(env, directory_cleanup=cleanup)
    assert_all_well(env)
    assert device.id not in env.world.devices and other.id in env.world.devices
    assert (mine.id in env.world.managed_devices) is (cleanup == "entra")
    assert theirs.id in env.world.managed_devices, "the same name, but another device"


def test_a_pool_may_keep_its_devices_to_itself() -> None:
    env = joined(0)
    publish(env, directory_cleanup="none")
    assert "a device called host-01 exists already" in env.rows["host-01"].error
    assert env.world.count("devices") == env.world.count("remove_device") == 0


def test_a_domain_asks_nothing_of_entra_id() -> None:
    env = joined(0)
    env.world.graph_rights.clear()
    env.publish(ScheduleMode.NOW)
    env.run_to_minute(24 * 60)
    assert_all_well(env)
    assert env.world.count("devices") == 0
