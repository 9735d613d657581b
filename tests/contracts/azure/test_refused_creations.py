"""Azure refuses to create a VM again: the error says why, and the VM's state says that it is not there."""

from __future__ import annotations

from typing import Any

import pytest

from local.sim.core import names
from shared.core.errors import AzureRefused
from shared.core.refusals import Refusal, named_seconds, refusal_of
from shared.models.azure import Operation, ProvisioningState
from tests.contracts.azure.conftest import PASSWORD, POOL, SLOW, Azure, host, vm

NIC = "Nic(s) in request is reserved for another Virtual Machine for 180 seconds. Please retry after 180 seconds."


def deleted(azure: Azure) -> Any:
    """The first host's VM is deleted; the body to create it again."""
    azure.host_pools.set_accepting(POOL, host(1), accepting=False)
    azure.host_pools.remove_session_host(POOL, host(1))
    body = azure.vms.recreation_body(vm(1))
    assert azure.vms.start_delete(vm(1)).done
    return body


def create(azure: Azure, body: Any, version: str = "2.0.0") -> Operation:
    return azure.vms.start_create(vm(1), body, image_version_id=names.version_id(version), admin_password=PASSWORD)


@pytest.mark.parametrize(
    ("status", "code", "message", "refusal"),
    [
        (400, "NicReservedForAnotherVm", NIC, Refusal.NIC_RESERVED),
        (409, "SkuNotAvailable", "The requested VM size is not available.", Refusal.SIZE_NOT_OFFERED),
        (404, "ImageNotFound", "The image was not found.", Refusal.NO_IMAGE),
        (403, "RequestDisallowedByPolicy", "Resource was disallowed by policy.", Refusal.POLICY),
        (409, "ScopeLocked", "The scope is locked.", Refusal.LOCKED),
    ],
)
def test_a_refused_creation_is_known_by_its_code(
    azure: Azure, status: int, code: str, message: str, refusal: Refusal
) -> None:
    body = deleted(azure)
    azure.sim.faults({"kind": "refuse", "match": "create_vm", "status": status, "code": code, "message": message})
    with pytest.raises(AzureRefused) as caught:
        create(azure, body)
    azure.sim.clear_faults()
    assert refusal_of(caught.value) is refusal
    assert named_seconds(caught.value) == (180 if refusal is Refusal.NIC_RESERVED else None)
    assert azure.vms.find(vm(1)) is None


def test_cores_over_the_quota_are_known_as_such(azure: Azure) -> None:
    body = deleted(azure)
    azure.sim.control("POST", "expect", {"core_quota": 4})
    with pytest.raises(AzureRefused) as caught:
        create(azure, body)
    azure.sim.control("POST", "expect", {"core_quota": None})
    assert refusal_of(caught.value) is Refusal.QUOTA
    assert create(azure, body).done


def test_a_version_that_is_gone_is_known_as_such(azure: Azure) -> None:
    with pytest.raises(AzureRefused) as caught:
        create(azure, deleted(azure), "9.9.9")
    assert refusal_of(caught.value) is Refusal.NO_IMAGE


def test_a_vm_without_capacity_stays_as_failed_and_can_be_started_later(azure: Azure) -> None:
    azure.world(**SLOW)
    azure.sim.control("POST", "clock", {"duration_scale": 0.0})
    body = deleted(azure)
    azure.sim.control("POST", "clock", {"duration_scale": 1.0})
    azure.sim.faults({"kind": "allocation_failed", "match": "create_vm", "count": 1})
    with pytest.raises(AzureRefused) as caught:
        azure.finish(create(azure, body))
    unmade = azure.vms.find(vm(1))
    assert refusal_of(caught.value) is Refusal.NO_CAPACITY
    assert unmade is not None and unmade.provisioning == ProvisioningState.FAILED and not unmade.running
    assert azure.finish(azure.vms.start_power_on(vm(1))).done
    made = azure.vms.find(vm(1))
    assert made is not None and made.running and made.version == "2.0.0"
