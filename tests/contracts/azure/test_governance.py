"""Rights, locks, quota and scaling plans, as ARM tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.rest import HttpRequest

from local.sim.core import names
from shared.core.errors import AzureBusy, AzureForbidden, AzureNotFound
from shared.models.azure import CoreQuota, Lock, ScalingPlan
from tests.contracts.azure.conftest import OPERATOR, POOL, Azure, vm
from tests.contracts.azure.scripted_arm import ENDPOINT, Scripted, said

MORE = f"{ENDPOINT}/subscriptions/s/more?page=2"


def put(azure: Azure, path: str, properties: dict[str, Any]) -> None:
    """Make something in the simulated Azure that the app itself never makes."""
    body = {"location": names.REGION, "properties": properties}
    request = HttpRequest(
        "PUT", path, params={"api-version": "2020-05-01"}, json=body, headers={"Authorization": f"Simulated {OPERATOR}"}
    )
    assert azure.clients.compute(names.SUBSCRIPTION).send_request(request).status_code in {200, 201}


def lock(azure: Azure, scope: str, name: str, level: str) -> None:
    """Set a lock."""
    put(azure, f"{scope}/providers/Microsoft.Authorization/locks/{name}", {"level": level})


def test_rights_are_pairs_of_actions_and_excluded_actions(azure: Azure) -> None:
    azure.sim.control("POST", "expect", {"permissions": ["*"]})
    assert azure.governance.permissions(POOL).granted == ((("*",), ()),)

    azure.sim.control("POST", "expect", {"permissions": ["Microsoft.Compute/*"], "denied": ["*/delete"]})
    assert azure.governance.permissions(names.GROUP_ID).granted == ((("Microsoft.Compute/*",), ("*/delete",)),)
    of_all = azure.governance.permissions(names.SUB_ID, by=names.GROUP_ID)
    assert of_all.granted == ((("Microsoft.Compute/*",), ("*/delete",)),)


def test_rights_and_locks_come_from_all_pages() -> None:
    azure = Scripted(
        said(200, {"value": [{"actions": ["a/read"], "notActions": ["a/b/read"]}], "nextLink": MORE}),
        said(200, {"value": [{"actions": ["c"]}, {"notActions": None}]}),
        said(200, {"value": [{"id": f"{POOL}/providers/Microsoft.Authorization/locks/one"}], "nextLink": MORE}),
        said(200, {"value": []}),
        said(200, {}),
    )

    assert azure.governance.permissions(POOL).granted == ((("a/read",), ("a/b/read",)), (("c",), ()), ((), ()))
    assert azure.governance.locks(POOL) == [Lock(name="one", level="", scope=POOL)]
    assert azure.governance.locks(POOL) == []
    paths = [path for _, path in azure.asked]
    assert paths[:2] == [f"{POOL}/providers/Microsoft.Authorization/permissions", "/subscriptions/s/more"]
    assert paths[2:4] == [f"{POOL}/providers/Microsoft.Authorization/locks", "/subscriptions/s/more"]


def test_locks_above_and_below_say_where_they_were_set(azure: Azure) -> None:
    lock(azure, names.SUB_ID, "all", "CanNotDelete")
    lock(azure, vm(1), "one", "ReadOnly")

    below = [
        Lock(name="all", level="CanNotDelete", scope=names.SUB_ID),
        Lock(name="one", level="ReadOnly", scope=vm(1)),
    ]
    assert sorted(azure.governance.locks(names.GROUP_ID), key=lambda found: found.name) == below
    assert [found.name for found in azure.governance.locks(POOL)] == ["all"]


def test_many_locks_are_read_page_by_page(azure: Azure) -> None:
    azure.world(page_size=2)
    for number in range(5):
        lock(azure, POOL, f"lock{number}", "ReadOnly")
    before = azure.calls().get("list_locks", 0)

    assert [found.name for found in azure.governance.locks(POOL)] == [f"lock{number}" for number in range(5)]
    assert azure.calls()["list_locks"] - before == 3


def test_a_scaling_plan_says_whether_it_is_on_for_this_pool_and_which_tag_it_leaves_alone(azure: Azure) -> None:
    assert azure.governance.scaling_plans(POOL) == []

    references = [
        {"hostPoolArmPath": POOL.upper(), "scalingPlanEnabled": False},
        {"hostPoolArmPath": names.PERSONAL_POOL_ID, "scalingPlanEnabled": True},
    ]
    put(azure, f"{names.AVD}/scalingPlans/day", {"timeZone": "UTC", "hostPoolReferences": references})
    assert azure.governance.scaling_plans(POOL) == [ScalingPlan(name="day", enabled=False, exclusion_tag="")]

    references[0]["scalingPlanEnabled"] = True
    tagged = {"timeZone": "UTC", "hostPoolReferences": references, "exclusionTag": "Keep"}
    put(azure, f"{names.AVD}/scalingPlans/day", tagged)
    assert azure.governance.scaling_plans(POOL) == [ScalingPlan(name="day", enabled=True, exclusion_tag="Keep")]


def test_core_quotas_are_those_of_the_region_and_not_of_a_vm_family(azure: Azure) -> None:
    azure.sim.control("POST", "expect", {"core_quota": 32})

    assert azure.governance.cores(names.SUBSCRIPTION, names.REGION) == CoreQuota(used=24, limit=32)
    vm_family = {"name": {"value": "standardDADSv5Family"}, "currentValue": 1, "limit": 2, "unit": "Count"}
    with pytest.raises(AzureNotFound, match="no regional vCPU quota for westeurope"):
        Scripted(said(200, {"value": [vm_family]})).governance.cores(names.SUBSCRIPTION, names.REGION)


READS: dict[str, Callable[[Any], object]] = {
    "permissions": lambda azure: azure.governance.permissions(POOL),
    "locks": lambda azure: azure.governance.locks(POOL),
    "scaling plans": lambda azure: azure.governance.scaling_plans(POOL),
    "cores": lambda azure: azure.governance.cores(names.SUBSCRIPTION, names.REGION),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("status", "error"), [(403, AzureForbidden), (404, AzureNotFound), (429, AzureBusy)])
def test_a_refusal_is_raised_as_our_error(read: str, status: int, error: type[Exception]) -> None:
    refused = said(status, {"error": {"code": "Refused", "message": "It was refused."}}, Retry_After="7")

    with pytest.raises(error, match=r"Refused: It was refused\.") as caught:
        READS[read](Scripted(refused))
    assert type(caught.value) is error
    if isinstance(caught.value, AzureBusy):
        assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("answer", ["<html>a proxy</html>", '{"value": [{"na'])
def test_an_invalid_response_is_requested_again(read: str, answer: str) -> None:
    with pytest.raises(AzureBusy, match="incomplete or not JSON"):
        READS[read](Scripted(said(200, answer)))


@pytest.mark.parametrize("scope", ["", "/", "/subscriptions/s", "/subscriptions//resourceGroups/g", "/providers/a/b/c"])
def test_an_invalid_scope_is_not_found(azure: Azure, scope: str) -> None:
    for read in (azure.governance.permissions, azure.governance.locks):
        with pytest.raises(AzureNotFound, match="not the id of a resource or a resource group"):
            read(scope)
    assert azure.calls() == {}
