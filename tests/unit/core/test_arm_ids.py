"""ARM ids taken apart: the parts of ids as Azure writes them, and texts that are no ids."""

from __future__ import annotations

import pytest

from shared.core import arm_ids
from shared.core.errors import AzureNotFound

GROUP = "/subscriptions/s1/resourceGroups/rg-one"
VM_ID = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-1"
DEFINITION_ID = f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/win11"
LOCKS = "Microsoft.Authorization/locks"


def test_resource_groups_are_named_once_regardless_of_case() -> None:
    assert arm_ids.resource_group_of(VM_ID) == GROUP
    assert arm_ids.resource_groups_of([VM_ID, DEFINITION_ID.upper()]) == (GROUP.upper(),)


@pytest.mark.parametrize("scope_id", [GROUP, f"{GROUP}/", VM_ID])
def test_the_subscription_of_a_scope_is_found(scope_id: str) -> None:
    assert arm_ids.subscription_of_scope(scope_id) == "s1"


@pytest.mark.parametrize("scope_id", ["", "/subscriptions/s1", "/subscriptions//resourceGroups/rg", "/a/b/c/d"])
def test_ids_without_resource_or_group_are_refused(scope_id: str) -> None:
    with pytest.raises(AzureNotFound):
        arm_ids.subscription_of_scope(scope_id)


@pytest.mark.parametrize(
    ("url", "subscription"),
    [
        (f"https://management.azure.com{VM_ID}?api-version=1", "s1"),
        ("https://management.azure.com/Subscriptions/S2", "s2"),
        ("https://management.azure.com/subscriptions", ""),
        ("https://login.microsoftonline.com/token", ""),
    ],
)
def test_the_subscription_of_a_url_is_found(url: str, subscription: str) -> None:
    assert arm_ids.subscription_in_url(url) == subscription


@pytest.mark.parametrize(
    ("image_id", "parts"),
    [
        (f"{DEFINITION_ID}/versions/2.0.0", (DEFINITION_ID, "2.0.0")),
        (f"{DEFINITION_ID}/Versions/latest", (DEFINITION_ID, "latest")),
        (DEFINITION_ID, (DEFINITION_ID, "")),
    ],
)
def test_an_image_id_has_a_definition_and_a_version(image_id: str, parts: tuple[str, str]) -> None:
    assert arm_ids.definition_and_version(image_id) == parts


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ("/subscriptions/s1", "subscription s1"),
        (GROUP, "resource group rg-one"),
        (VM_ID, "VM vm-1"),
        (DEFINITION_ID, "image definition win11"),
        (f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v", "virtualNetworks v"),
    ],
)
def test_a_scope_has_a_plain_description(scope: str, text: str) -> None:
    assert arm_ids.describe_scope(scope) == text


def test_the_ids_that_a_scope_covers_are_found() -> None:
    assert arm_ids.holds_at(GROUP.upper(), VM_ID)
    assert arm_ids.holds_at(VM_ID, GROUP)
    assert not arm_ids.holds_at(f"{GROUP}-two", VM_ID)


def test_names_in_ids_of_sessions_and_locks_are_found() -> None:
    assert arm_ids.host_and_session("/x/hostPools/p/sessionHosts/h.local/userSessions/3") == ("h.local", "3")
    assert arm_ids.scope_and_name(f"{VM_ID}/providers/{LOCKS}/keep", LOCKS) == (VM_ID, "keep")
