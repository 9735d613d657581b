"""Injected faults."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError, ServiceResponseError

from local.sim.core.faults import KINDS
from local.sim.core.names import GROUP
from local.sim.testing import ControlRefusedError, Simulator, sdk_clients
from tests.tools.sim.conftest import POOL, Client, Operator, arm_error

VM, HOST = "office-0001", "office-0001.contoso.local"


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500), ("503", 503)])
def test_a_call_is_refused_count_times(sim: Simulator, compute: Client, kind: str, status: int) -> None:
    sim.faults({"kind": kind, "match": "get_vm", "count": 2, "retry_after": 7})
    for _ in range(2):
        with pytest.raises(HttpResponseError) as caught:
            compute.virtual_machines.get(GROUP, VM)
        assert caught.value.status_code == status
        answer: Any = caught.value.response
        assert answer.headers.get("Retry-After") == ("7" if kind == "429" else None)
    assert compute.virtual_machines.get(GROUP, VM).name == VM
    assert sim.control("GET", "faults")["faults"][0]["hits"] == 2


@pytest.mark.parametrize(
    "match", ["office-0002", "office-000[2]", "*/virtualMachines/OFFICE-0002", "get */office-0002"]
)
def test_a_fault_matches_by_substring_or_pattern(sim: Simulator, compute: Client, match: str) -> None:
    sim.faults({"kind": "500", "match": match})
    compute.virtual_machines.get(GROUP, VM)
    with pytest.raises(HttpResponseError):
        compute.virtual_machines.get(GROUP, "office-0002")


def test_a_rate_is_a_probability(sim: Simulator, compute: Client) -> None:
    sim.faults({"kind": "503", "rate": 0.5})
    refused = 0
    for _ in range(40):
        try:
            compute.virtual_machines.get(GROUP, VM)
        except HttpResponseError:
            refused += 1
    assert 8 < refused < 32
    sim.clear_faults()
    compute.virtual_machines.get(GROUP, VM)


def test_an_operation_fails_and_leaves_the_host_as_it_was(sim: Simulator, compute: Client, operator: Operator) -> None:
    sim.faults({"kind": "lro_fail", "match": "reimage", "count": 1, "code": "OSProvisioningTimedOut"})
    operator.drain(VM)
    with pytest.raises(HttpResponseError) as caught:
        operator.reimage(VM)
    assert arm_error(caught).code == "OSProvisioningTimedOut"
    host = sim.host(VM)
    assert (host["version"], host["provisioning"], host["status"]) == ("1.0.0", "Failed", "Available")
    operator.reimage(VM)
    assert sim.host(VM)["version"] == "2.0.0"


def test_an_operation_hangs_until_the_faults_are_cleared(sim: Simulator, compute: Client, operator: Operator) -> None:
    sim.faults({"kind": "lro_hang", "match": "reimage"})
    operator.drain(VM)
    compute.virtual_machines.begin_reimage(GROUP, VM, {"exactVersion": "2.0.0"}, polling=False)
    sim.advance(36_000)
    assert (sim.host(VM)["version"], sim.host(VM)["provisioning"]) == ("1.0.0", "Updating")
    sim.clear_faults()
    assert sim.host(VM)["version"] == "2.0.0"


def test_allocation_can_fail_at_start_and_at_creation(sim: Simulator, compute: Client, operator: Operator) -> None:
    from tests.tools.sim.test_virtual_machines import machine  # noqa: PLC0415

    operator.unregister(VM)
    compute.virtual_machines.begin_deallocate(GROUP, VM).result()
    sim.faults({"kind": "allocation_failed", "match": VM, "count": 2})
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_start(GROUP, VM).result()
    assert arm_error(caught).code == "AllocationFailed"
    assert sim.host(VM)["power"] == "deallocated"
    compute.virtual_machines.begin_delete(GROUP, VM).result()
    with pytest.raises(HttpResponseError, match="AllocationFailed"):
        compute.virtual_machines.begin_create_or_update(GROUP, VM, machine(VM)).result()
    assert sim.host(VM)["provisioning"] == "Failed"
    vm = compute.virtual_machines.begin_create_or_update(GROUP, VM, machine(VM)).result()
    assert vm.provisioning_state == "Succeeded"


def test_a_session_that_does_not_end(sim: Simulator, desktops: Client) -> None:
    sim.faults({"kind": "session_stuck", "match": VM})
    number = sim.log_on(VM, "ann@contoso.com")
    desktops.user_sessions.delete(GROUP, POOL, HOST, number)
    sim.advance(3600)
    assert len(sim.host(VM)["sessions"]) == 1


def test_a_host_that_never_registers(sim: Simulator, operator: Operator) -> None:
    sim.faults({"kind": "never_registers", "match": VM})
    operator.renew(VM)
    sim.advance(3600)
    assert sim.host(VM)["status"] == "Unregistered"


def test_a_reimage_can_keep_the_old_version(sim: Simulator, compute: Client, operator: Operator) -> None:
    sim.faults({"kind": "reimage_ignores_version", "match": VM})
    before = sim.host(VM)["os_disk"]
    operator.unregister(VM)
    operator.reimage(VM)
    assert sim.host(VM)["version"] == "1.0.0"
    assert sim.host(VM)["os_disk"] != before
    assert compute.virtual_machines.get(GROUP, VM).storage_profile.image_reference.exact_version == "1.0.0"


def test_a_session_count_can_be_delayed(sim: Simulator, desktops: Client) -> None:
    sim.reset(speed=1.0)
    sim.log_on(VM, "ann@contoso.com")
    sim.advance(100)
    sim.faults({"kind": "lag", "match": VM, "seconds": 60})
    sim.log_off(VM, "ann@contoso.com")
    assert desktops.session_hosts.get(GROUP, POOL, HOST).sessions == 1
    assert list(desktops.user_sessions.list(GROUP, POOL, HOST)) == []
    sim.advance(61)
    assert desktops.session_hosts.get(GROUP, POOL, HOST).sessions == 0


def test_a_ghost_is_registered_but_has_no_vm(sim: Simulator, compute: Client, desktops: Client) -> None:
    sim.faults({"kind": "ghost", "match": VM})
    assert desktops.session_hosts.get(GROUP, POOL, HOST).status == "Unavailable"
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.get(GROUP, VM)
    assert sim.host(VM)["power"] == "missing"


@pytest.mark.parametrize(("when", "done"), [("before", 0), ("after", 1)])
def test_a_connection_breaks_before_or_after_the_work(
    sim: Simulator, compute: Client, operator: Operator, when: str, done: int
) -> None:
    operator.drain(VM)
    sim.faults({"kind": "disconnect", "match": "reimage", "when": when, "count": 1})
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        operator.reimage(VM)
    assert sim.state()["counters"]["reimaged"] == done


def test_a_slow_answer_arrives(sim: Simulator, compute: Client) -> None:
    sim.faults({"kind": "slow", "match": "get_vm", "seconds": 0.2, "count": 1})
    assert compute.virtual_machines.get(GROUP, VM).name == VM
    sim.faults({"kind": "slow", "match": "get_vm", "seconds": 2, "count": 1})
    impatient, _ = sdk_clients(sim.base_url, read_timeout=0.2)
    with pytest.raises(ServiceResponseError):
        impatient.virtual_machines.get(GROUP, VM)


@pytest.mark.parametrize(
    ("fault", "text"), [({"kind": "rain"}, "unknown fault kind 'rain'"), ({"kind": "500", "cuont": 1}, "cuont")]
)
def test_an_unknown_fault_is_refused_by_name(sim: Simulator, fault: dict[str, Any], text: str) -> None:
    with pytest.raises(ControlRefusedError, match=text):
        sim.faults(fault)
    assert sim.control("GET", "faults")["kinds"] == list(KINDS)


def test_faults_do_not_outlive_a_reset(sim: Simulator, compute: Client, violations: Callable[[], list[Any]]) -> None:
    sim.faults({"kind": "500"})
    sim.reset()
    compute.virtual_machines.get(GROUP, VM)
    assert violations() == []
