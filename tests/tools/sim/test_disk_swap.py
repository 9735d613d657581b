"""Swapping a kept OS disk back to its VM: which state returns, and which does not."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from local.sim.core import names
from local.sim.core.names import GROUP
from local.sim.testing import Simulator
from tests.tools.sim.conftest import Client, Operator, arm_error
from tests.tools.sim.test_virtual_machines import machine

VM = "office-0001"
Violations = Callable[[], list[Any]]


def swap_to(disk_id: str) -> dict[str, Any]:
    os_disk = {"createOption": "FromImage", "name": names.last(disk_id), "managedDisk": {"id": disk_id}}
    return {"properties": {"storageProfile": {"osDisk": os_disk}}}


def trusted(name: str, **os_disk: Any) -> dict[str, Any]:
    """The body of a Trusted Launch VM, as the pool's are."""
    body = machine(name, **os_disk)
    body["properties"]["securityProfile"] = {"securityType": "TrustedLaunch"}
    return body


@pytest.fixture
def kept(sim: Simulator, operator: Operator) -> str:
    """The old disk of a host that was rebuilt on 2.0.0, joined and registered."""
    sim.reset(delete_option="Detach")
    old = str(sim.host(VM)["os_disk"])
    operator.renew(VM, "2.0.0")
    assert sim.host(VM)["status"] == "Available"
    return old


@pytest.fixture
def back(compute: Client, operator: Operator) -> Callable[[str], None]:
    """Unregister a host, and swap its disk."""

    def put(disk_id: str) -> None:
        operator.unregister(VM)
        compute.virtual_machines.begin_deallocate(GROUP, VM).result()
        compute.virtual_machines.begin_update(GROUP, VM, swap_to(disk_id)).result()
        compute.virtual_machines.begin_start(GROUP, VM).result()

    return put


def test_the_old_guest_returns_neither_registered_nor_trusted(
    sim: Simulator, compute: Client, kept: str, back: Callable[[str], None], violations: Violations
) -> None:
    back(kept)
    host = sim.host(VM)
    assert (host["version"], host["os_disk"]) == ("1.0.0", kept)
    assert (host["registered"], host["joined"], host["join"]) == (False, False, "ad")
    image = compute.virtual_machines.get(GROUP, VM).storage_profile.image_reference
    assert image.exact_version == "2.0.0"  # it is set when the machine is made, or re-imaged
    assert violations() == []


def test_it_is_available_after_joining_and_registering_again(
    sim: Simulator, operator: Operator, kept: str, back: Callable[[str], None], violations: Violations
) -> None:
    back(kept)
    operator.register(VM, attempt="back")
    assert sim.host(VM)["status"] == "DomainTrustRelationshipLost"
    operator.join(VM, tag="2.0.0")  # the tag of the last join: nothing runs
    assert sim.host(VM)["status"] == "DomainTrustRelationshipLost"
    operator.join(VM, tag="back")
    assert (sim.host(VM)["status"], sim.host(VM)["joined"]) == ("Available", True)
    assert violations() == []


def test_the_agent_on_a_kept_disk_believes_it_is_registered(
    sim: Simulator, operator: Operator, kept: str, back: Callable[[str], None]
) -> None:
    back(kept)
    operator.register(VM)
    assert not sim.host(VM)["registered"]
    operator.register(VM, attempt="back")
    assert sim.host(VM)["registered"]


def test_a_host_that_never_joined_in_between_is_still_trusted(
    sim: Simulator, operator: Operator, back: Callable[[str], None]
) -> None:
    sim.reset(delete_option="Detach")
    old = str(sim.host(VM)["os_disk"])
    operator.unregister(VM)
    operator.reimage(VM)
    operator.register(VM)
    back(old)
    assert sim.host(VM)["joined"]


def test_a_replaced_host_gets_its_old_guest_back_too(
    sim: Simulator, compute: Client, operator: Operator, back: Callable[[str], None]
) -> None:
    sim.reset(delete_option="Detach")
    old = str(sim.host(VM)["os_disk"])
    operator.unregister(VM)
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    compute.virtual_machines.begin_create_or_update(GROUP, VM, trusted(VM)).result()
    operator.join(VM)
    operator.register(VM)
    back(old)
    host = sim.host(VM)
    assert (host["version"], host["join"], host["joined"]) == ("1.0.0", "ad", False)


def test_a_swap_takes_time_and_blocks_other_operations(
    sim: Simulator, compute: Client, operator: Operator, kept: str
) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    sim.control("POST", "clock", {"duration_scale": 1.0, "speed": 1.0})
    compute.virtual_machines.begin_update(GROUP, VM, swap_to(kept), polling=False)
    assert (sim.host(VM)["version"], sim.host(VM)["provisioning"]) == ("2.0.0", "Updating")
    with pytest.raises(ResourceExistsError):
        compute.virtual_machines.begin_start(GROUP, VM)
    sim.advance(60)
    assert (sim.host(VM)["version"], sim.host(VM)["provisioning"]) == ("1.0.0", "Succeeded")


def test_a_failed_swap_keeps_the_former_disk(sim: Simulator, compute: Client, operator: Operator, kept: str) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    sim.faults({"kind": "lro_fail", "match": "swap_os_disk", "count": 1})
    with pytest.raises(HttpResponseError):
        compute.virtual_machines.begin_update(GROUP, VM, swap_to(kept)).result()
    assert sim.host(VM)["version"] == "2.0.0"
    compute.virtual_machines.begin_update(GROUP, VM, swap_to(kept)).result()
    assert sim.host(VM)["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("disk", "refused", "code"),
    [("nobody", ResourceNotFoundError, "ResourceNotFound"), ("", ResourceExistsError, "ConflictingUserInput")],
)
def test_a_missing_disk_or_one_of_another_vm_is_refused(
    sim: Simulator, compute: Client, operator: Operator, disk: str, refused: type[Exception], code: str
) -> None:
    wanted = names.disk_id(disk) if disk else str(sim.host("office-0002")["os_disk"])
    operator.drain(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    with pytest.raises(refused) as caught:
        compute.virtual_machines.begin_update(GROUP, VM, swap_to(wanted))
    assert arm_error(caught).code == code
    assert sim.host(VM)["version"] == "1.0.0"


def test_every_destructive_call_is_counted_by_its_name(
    sim: Simulator, compute: Client, kept: str, operator: Operator, back: Callable[[str], None]
) -> None:
    back(kept)
    compute.virtual_machines.begin_update(GROUP, VM, {"tags": {"a": "b"}})
    operator.reimage(VM, "2.0.0")
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    compute.virtual_machines.begin_create_or_update(GROUP, VM, machine(VM)).result()
    calls = sim.control("GET", "calls")
    counted = ("swap_os_disk", "update_vm", "reimage", "deallocate", "delete_vm", "create_vm")
    assert [calls["by_host"][VM][name] for name in counted] == [1, 1, 2, 1, 1, 1]
    assert calls["by_operation"]["swap_os_disk"] == sim.state()["counters"]["swapped"] == 1
    assert calls["total"] == sum(calls["by_operation"].values()) == sum(calls["by_method"].values())


def test_swapping_a_host_that_accepts_sessions_is_a_violation(
    sim: Simulator, compute: Client, kept: str, violations: Violations
) -> None:
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    compute.virtual_machines.begin_update(GROUP, VM, swap_to(kept)).result()
    assert violations() == [("accepting_sessions", VM), ("accepting_sessions", VM)]


def test_swapping_a_host_in_service_to_its_own_version_is_a_violation(
    sim: Simulator, compute: Client, operator: Operator, violations: Violations
) -> None:
    sim.reset(delete_option="Detach")
    old = str(sim.host(VM)["os_disk"])
    sim.control("POST", "expect", {"allow_same_version": True})
    operator.renew(VM, "1.0.0")
    sim.control("POST", "expect", {"allow_same_version": False})
    operator.unregister(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    compute.virtual_machines.begin_update(GROUP, VM, swap_to(old)).result()
    assert violations() == [("reimaged_twice", VM)]


def test_a_vm_that_is_only_stopped_keeps_its_disk(
    sim: Simulator, compute: Client, operator: Operator, kept: str
) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_power_off(GROUP, VM).result()
    with pytest.raises(ResourceExistsError) as caught:
        compute.virtual_machines.begin_update(GROUP, VM, swap_to(kept))
    assert arm_error(caught).code == "OperationNotAllowed"


@pytest.mark.parametrize(
    ("other", "target"),
    [
        ({"diskSizeGB": 256}, "osDisk.diskSizeGB"),
        ({"managedDisk": {"storageAccountType": "StandardSSD_LRS"}}, "osDisk.managedDisk.storageAccountType"),
        ({}, "securityProfile.securityType"),
    ],
)
def test_a_disk_of_another_size_type_or_security_type_cannot_be_swapped_in(
    sim: Simulator, compute: Client, operator: Operator, kept: str, other: dict[str, Any], target: str
) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    body = trusted(VM, **other) if other else machine(VM)
    compute.virtual_machines.begin_create_or_update(GROUP, VM, body).result()
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_update(GROUP, VM, swap_to(kept))
    assert arm_error(caught).target == target


def test_a_swap_names_the_create_option_that_the_vm_has(
    sim: Simulator, compute: Client, operator: Operator, kept: str
) -> None:
    operator.unregister(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    change = swap_to(kept)
    change["properties"]["storageProfile"]["osDisk"]["createOption"] = "Attach"
    with pytest.raises(ResourceExistsError) as caught:
        compute.virtual_machines.begin_update(GROUP, VM, change)
    assert (arm_error(caught).code, arm_error(caught).target) == ("PropertyChangeNotAllowed", "osDisk.createOption")
