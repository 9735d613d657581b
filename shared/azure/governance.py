"""The `Governance` port. Rights and locks are two GETs of plain JSON through the compute client's pipeline: their SDK
packages are large (azure-mgmt-authorization unpacks to 5 MB) and would add nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure.core.rest import HttpRequest
from azure.mgmt.desktopvirtualization import models

from shared.azure.clients import ArmClients
from shared.azure.errors import azure_call, refusal
from shared.core import arm_ids
from shared.core.errors import AzureNotFound
from shared.models.azure import CoreQuota, Lock, Permissions, ScalingPlan

Json = dict[str, Any]

PERMISSIONS = "Microsoft.Authorization/permissions"
LOCKS = "Microsoft.Authorization/locks"
_PERMISSIONS_VERSION, _LOCKS_VERSION = "2022-04-01", "2020-05-01"
_CORES = "cores"
"""The name of the regional vCPU quota in Compute's list of usages."""


class AzureGovernance:
    """Rights, locks, quota, autoscale. Raises AzureBusy and AzureRefused besides what the port names."""

    def __init__(self, clients: ArmClients) -> None:
        self._clients = clients

    def permissions(self, scope_id: str, by: str = "") -> Permissions:
        """What the identity that works on `by` may do at a resource or resource group: one read per page."""
        call = f"read the app's rights on {arm_ids.last(scope_id)}"
        found = self._list(call, scope_id, PERMISSIONS, {"api-version": _PERMISSIONS_VERSION}, by)
        return Permissions(granted=tuple((_texts(one, "actions"), _texts(one, "notActions")) for one in found))

    def locks(self, scope_id: str) -> list[Lock]:
        """Locks at, above and below the scope, one read per page. ARM omits those below only with `atScope()`."""
        call = f"read the locks on {arm_ids.last(scope_id)}"
        return [_lock(found) for found in self._list(call, scope_id, LOCKS, {"api-version": _LOCKS_VERSION})]

    def scaling_plans(self, host_pool_id: str) -> list[ScalingPlan]:
        """The scaling plans assigned to a host pool. Each names its host pools and whether it is enabled for them."""
        at = arm_ids.parse(host_pool_id)
        with azure_call(f"list the scaling plans of {at.name}"):
            plans = self._clients.desktops(at.subscription, at.group).scaling_plans
            return [_scaling_plan(plan, host_pool_id) for plan in plans.list_by_host_pool(at.group, at.name)]

    def cores(self, subscription: str, region: str) -> CoreQuota:
        """The regional vCPU quota. Raises AzureNotFound when the list of usages does not contain it."""
        call = f"read the core quota of {region}"
        with azure_call(call):
            for usage in self._clients.compute(subscription).usage.list(region):
                if usage.name and str(usage.name.value).lower() == _CORES:
                    return CoreQuota(used=int(usage.current_value), limit=int(usage.limit))
        raise AzureNotFound(call, None, "NoSuchUsage", f"Azure lists no regional vCPU quota for {region}")

    def _list(self, call: str, scope_id: str, kind: str, query: dict[str, str], by: str = "") -> Iterator[Json]:
        """All items of a list, page by page. The link to the next page contains the whole query."""
        client = self._clients.compute(*arm_ids.place_of_scope(by or scope_id))
        request = HttpRequest("GET", f"/{scope_id.strip('/')}/providers/{kind}", params=query)
        while True:
            with azure_call(call):
                answer = client.send_request(request)
                if answer.status_code != 200:
                    raise refusal(call, answer)
                body = answer.json()
            yield from body.get("value") or []
            if not body.get("nextLink"):
                return
            request = HttpRequest("GET", body["nextLink"])


def _texts(found: Json, name: str) -> tuple[str, ...]:
    return tuple(str(text) for text in found.get(name) or ())


def _lock(found: Json) -> Lock:
    """A lock. Its id starts with its scope."""
    scope, name = arm_ids.scope_and_name(str(found.get("id") or ""), LOCKS)
    level = str((found.get("properties") or {}).get("level") or "")
    return Lock(name=str(found.get("name") or name), level=level, scope=scope)


def _scaling_plan(plan: models.ScalingPlan, host_pool_id: str) -> ScalingPlan:
    switched_on = [
        bool(reference.scaling_plan_enabled)
        for reference in plan.host_pool_references or ()
        if _same(reference.host_pool_arm_path or "", host_pool_id)
    ]
    return ScalingPlan(name=plan.name or "", enabled=any(switched_on), exclusion_tag=plan.exclusion_tag or "")


def _same(one_id: str, other_id: str) -> bool:
    return one_id.strip("/").lower() == other_id.strip("/").lower()
