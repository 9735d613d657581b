"""Devices in Entra ID and Intune, through the real client against the simulated Microsoft Graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from azure.core.credentials import AccessToken

from shared.azure.graph.client import GraphClient
from shared.azure.graph.directory import DEVICE_RIGHT, MANAGED_RIGHT, GraphDirectory
from shared.core.errors import AzureBusy, AzureForbidden
from shared.core.settings import Settings
from tests.contracts.azure.conftest import LONG, SLOW, Azure, vm


@pytest.fixture
def directory(azure: Azure) -> Iterator[GraphDirectory]:
    yield GraphDirectory(GraphClient(Settings(graph_endpoint=azure.sim.base_url)))


def add(azure: Azure, name: str, **fields: Any) -> str:
    return str(azure.sim.control("POST", "devices", {"name": name, **fields})["id"])


def test_a_device_is_found_by_its_whole_name_in_any_case(azure: Azure, directory: GraphDirectory) -> None:
    object_id = add(azure, "office-0001", vm=vm(1))
    add(azure, "office-00011")
    add(azure, "bob's-pc", trust="Workplace")

    (found,) = directory.devices("OFFICE-0001")
    assert (found.id, found.name, found.trust, found.vm_id) == (object_id, "office-0001", "AzureAd", vm(1).lower())
    assert found.device_id not in {"", object_id}
    (other,) = directory.devices("bob's-pc")
    assert (other.trust, other.vm_id) == ("Workplace", "")
    assert directory.devices("office-0002") == []


def test_all_devices_of_one_name_are_found(azure: Azure, directory: GraphDirectory) -> None:
    both = {add(azure, "office-0001", vm=vm(1)), add(azure, "office-0001")}
    assert {device.id for device in directory.devices("office-0001")} == both


def test_a_deleted_device_is_found_for_a_while(azure: Azure, directory: GraphDirectory) -> None:
    azure.world(**SLOW)
    object_id = add(azure, "office-0001")
    directory.remove_device(object_id)
    directory.remove_device(object_id)
    assert len(directory.devices("office-0001")) == 1

    azure.sim.advance(LONG)
    assert directory.devices("office-0001") == []
    directory.remove_device(object_id)


def test_a_device_in_intune_stays_until_it_is_deleted_itself(azure: Azure, directory: GraphDirectory) -> None:
    object_id = add(azure, "office-0001", intune=True)
    (device,), (managed,) = directory.devices("office-0001"), directory.managed_devices("office-0001")
    assert managed.device_id == device.device_id

    directory.remove_device(object_id)
    assert directory.managed_devices("office-0001") == [managed]
    directory.remove_managed_device(managed.id)
    directory.remove_managed_device(managed.id)
    assert directory.managed_devices("office-0001") == []


def test_without_the_right_graph_refuses_and_the_right_is_named(azure: Azure, directory: GraphDirectory) -> None:
    assert directory.missing_rights(intune=True) == []
    azure.sim.control("POST", "expect", {"denied": [DEVICE_RIGHT, MANAGED_RIGHT]})

    with pytest.raises(AzureForbidden, match="Authorization_RequestDenied"):
        directory.devices("office-0001")
    assert directory.missing_rights(intune=False) == [DEVICE_RIGHT]
    assert directory.missing_rights(intune=True) == [DEVICE_RIGHT, MANAGED_RIGHT]


def test_throttling_says_how_long(azure: Azure, directory: GraphDirectory) -> None:
    azure.sim.faults({"kind": "429", "match": "list_devices", "retry_after": 7})
    with pytest.raises(AzureBusy) as busy:
        directory.devices("office-0001")
    assert busy.value.retry_after == 7


@pytest.mark.parametrize(
    ("claims", "missing"),
    [
        ({"roles": [DEVICE_RIGHT]}, []),
        ({"roles": ["Device.Read.All"]}, [DEVICE_RIGHT]),
        ({}, [DEVICE_RIGHT]),
    ],
)
def test_in_azure_the_rights_are_those_in_the_token(claims: dict[str, Any], missing: list[str]) -> None:
    """A read would pass with `Device.Read.All` too, and the deletion be refused after the wipe."""

    class Credential:
        def get_token(self, *scopes: str, **_: Any) -> AccessToken:
            assert scopes == ("https://graph.invalid/.default",)
            return AccessToken(jwt.encode(claims, "k" * 32, algorithm="HS256"), 2**40)

    client = GraphClient(Settings(graph_endpoint="https://graph.invalid/"), Credential())
    assert GraphDirectory(client).missing_rights(intune=False) == missing
