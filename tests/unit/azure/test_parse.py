"""Values of Azure become enums: a value that the app does not know stops no reading."""

from __future__ import annotations

from typing import Any

import pytest

from shared.azure import operations, parse
from shared.models.azure import DeleteOption, OperationKind, PowerState, ProvisioningState


def vm_body(*, provisioning: str | None = "Succeeded", delete_option: str | None = None) -> dict[str, Any]:
    disk = {"deleteOption": delete_option} if delete_option else {}
    properties: dict[str, Any] = {"vmId": "1", "storageProfile": {"osDisk": disk}}
    return {
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/host-01",
        "name": "host-01",
        "properties": properties | ({"provisioningState": provisioning} if provisioning else {}),
    }


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("Succeeded", ProvisioningState.SUCCEEDED),
        ("Migrating", ProvisioningState.MIGRATING),
        ("Enchanted", ProvisioningState.UNKNOWN),
        (None, ProvisioningState.UNKNOWN),
    ],
)
def test_a_provisioning_state(given: str | None, read: ProvisioningState) -> None:
    assert parse.virtual_machine(vm_body(provisioning=given)).provisioning is read


@pytest.mark.parametrize(
    ("codes", "read"),
    [
        (["ProvisioningState/succeeded", "PowerState/running"], PowerState.RUNNING),
        (["PowerState/Deallocated"], PowerState.DEALLOCATED),
        (["PowerState/dreaming"], PowerState.UNKNOWN),
        ([], PowerState.UNKNOWN),
    ],
)
def test_a_power_state(codes: list[str], read: PowerState) -> None:
    assert parse.power([{"code": code} for code in codes]) is read


@pytest.mark.parametrize(
    ("given", "read"),
    [("Detach", DeleteOption.DETACH), ("Delete", DeleteOption.DELETE), ("Bury", None), (None, None)],
)
def test_a_delete_option(given: str | None, read: DeleteOption | None) -> None:
    assert parse.virtual_machine(vm_body(delete_option=given)).os_disk_delete_option is read


@pytest.mark.parametrize("kind", OperationKind)
def test_every_kind_of_operation_has_words(kind: OperationKind) -> None:
    assert "host-01" in operations.words(kind, "/subscriptions/s/host-01")
