"""Routes around the VMs: subscriptions, resource groups, permissions, locks, quotas, tags, scaling plans."""

from local.sim.compute import quota
from local.sim.compute.references import public
from local.sim.core import names
from local.sim.core.grants import who
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, not_found

PLAN = "Microsoft.DesktopVirtualization/scalingPlans"
LOCK = "Microsoft.Authorization/locks"


@arm("GET", "subscriptions/*", "get_subscription")
def get_subscription(sim: Sim, call: Call) -> Answer:
    return Answer(200, _subscription())


@arm("GET", "subscriptions", "list_subscriptions")
def list_subscriptions(sim: Sim, call: Call) -> Answer:
    return Answer(200, {"value": [_subscription()]})


def _subscription() -> Json:
    return {
        "id": names.SUB_ID,
        "subscriptionId": names.SUBSCRIPTION,
        "tenantId": names.TENANT,
        "displayName": "Desktops (simulated)",
        "state": "Enabled",
    }


@arm("GET", "subscriptions/*/resourcegroups", "list_groups")
def list_groups(sim: Sim, call: Call) -> Answer:
    return Answer(200, {"value": [_group(name) for name in sorted(sim.groups)]})


@arm("GET", "subscriptions/*/resourcegroups/*", "get_group")
def get_group(sim: Sim, call: Call) -> Answer:
    return Answer(200, _group(call.group.lower()))


def _group(name: str) -> Json:
    return {
        "id": names.group_id(name),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": names.REGION,
        "properties": {"provisioningState": "Succeeded"},
    }


@arm("GET", "Microsoft.Authorization/permissions", "list_permissions")
def list_permissions(sim: Sim, call: Call) -> Answer:
    """List the caller's permissions: all actions, unless `POST /_sim/expect` limits them.

    `{permissions: [...]}` allows only these actions, and `{denied: [...]}` removes actions. These are
    reported and not enforced; those of `PUT /_sim/grants` are both.
    """
    granted = sim.grants.actions(who(call) or "", call.scope)
    if granted is not None and not {"permissions", "denied"} & sim.world.expect.keys():
        return Answer(200, {"value": [{"actions": granted, "notActions": [], "dataActions": [], "notDataActions": []}]})
    allowed, denied = (sim.world.expect.get(name) for name in ("permissions", "denied"))
    value = {"actions": allowed or ["*"], "notActions": denied or [], "dataActions": [], "notDataActions": []}
    return Answer(200, {"value": [value]})


@arm("GET", LOCK, "list_locks")
def list_locks(sim: Sim, call: Call) -> Answer:
    """List the locks at, above and below the scope; with `$filter=atScope()` without those below it."""
    scope, at_scope = f"{call.scope.lower()}/", call.query.get("$filter", "").lower() == "atscope()"
    found = {}
    for key, body in sim.world.of(LOCK).items():
        locked = f"{body['_scope']}/"
        if scope.startswith(locked) or (locked.startswith(scope) and not at_scope):
            found[key] = body
    return page(sim, call, found, public)


@arm("PUT", f"{LOCK}/*", "put_lock")
def put_lock(sim: Sim, call: Call) -> Answer:
    lock_id = f"{call.scope}/providers/{LOCK}/{call.names[-1]}"
    body = {"id": lock_id, "name": call.names[-1], "type": LOCK, "properties": call.body.get("properties") or {}}
    sim.world.of(LOCK)[lock_id.lower()] = {**body, "_scope": call.scope.lower()}
    return Answer(201, body)


@arm("DELETE", f"{LOCK}/*", "delete_lock")
def delete_lock(sim: Sim, call: Call) -> Answer:
    lock_id = f"{call.scope}/providers/{LOCK}/{call.names[-1]}".lower()
    return Answer(200 if sim.world.of(LOCK).pop(lock_id, None) else 204)


@arm("GET", "Microsoft.Compute/locations/*/usages", "list_usages")
def list_usages(sim: Sim, call: Call) -> Answer:
    """List the core usage of a region. `POST /_sim/expect {core_quota: n}` sets the limit; null means a high one."""
    region = call.names[0].lower()
    used, limit = quota.used(sim, region), quota.limit(sim)
    rows = (("cores", "Total Regional vCPUs"), ("standardDADSv5Family", "Standard DADSv5 Family vCPUs"))
    value = [
        {"unit": "Count", "currentValue": used, "limit": limit, "name": {"value": v, "localizedValue": text}}
        for v, text in rows
    ]
    return Answer(200, {"value": value})


@arm("GET", "Microsoft.Resources/tags/*", "get_tags")
@arm("PATCH", "Microsoft.Resources/tags/*", "update_tags")
def tags(sim: Sim, call: Call) -> Answer:
    """Read or change only the tags of a VM, with the operations Merge, Replace and Delete."""
    vm = sim.world.vm(call.scope)
    if vm is None:
        raise ArmError(404, "ResourceNotFound", f"The resource '{call.scope}' was not found.")
    given = (call.body.get("properties") or {}).get("tags") or {}
    operation = call.body.get("operation", "Merge" if call.method == "PATCH" else "")
    if operation == "Merge":
        vm.tags = {**vm.tags, **given}
    elif operation == "Replace":
        vm.tags = dict(given)
    elif operation == "Delete":
        vm.tags = {k: v for k, v in vm.tags.items() if k not in given}
    tag_id = f"{vm.id}/providers/Microsoft.Resources/tags/default"
    return Answer(200, {"id": tag_id, "name": "default", "properties": {"tags": vm.tags}})


@arm("PUT", f"{PLAN}/*", "put_scaling_plan")
def put_scaling_plan(sim: Sim, call: Call) -> Answer:
    plan_id = call.id_of(PLAN, call.names[0])
    body = {**call.body, "id": plan_id, "name": call.names[0], "type": PLAN}
    body.setdefault("properties", {})
    known = plan_id.lower() in sim.world.of(PLAN)
    sim.world.of(PLAN)[plan_id.lower()] = body
    return Answer(200 if known else 201, body)


@arm("GET", f"{PLAN}/*", "get_scaling_plan")
def get_scaling_plan(sim: Sim, call: Call) -> Answer:
    body = sim.world.of(PLAN).get(call.id_of(PLAN, call.names[0]).lower())
    if body is None:
        raise not_found(PLAN, call.names[0], call.group)
    return Answer(200, body)


@arm("DELETE", f"{PLAN}/*", "delete_scaling_plan")
def delete_scaling_plan(sim: Sim, call: Call) -> Answer:
    gone = sim.world.of(PLAN).pop(call.id_of(PLAN, call.names[0]).lower(), None)
    return Answer(200 if gone else 204)


@arm("GET", PLAN, "list_all_scaling_plans")
def list_all_scaling_plans(sim: Sim, call: Call) -> Answer:
    return page(sim, call, sim.world.of(PLAN), dict)


@arm("GET", "Microsoft.Compute/virtualMachineScaleSets/*", "get_vmss")
def get_vmss(sim: Sim, call: Call) -> Answer:
    kind = "Microsoft.Compute/virtualMachineScaleSets"
    body = sim.world.of(kind).get(call.id_of(kind, call.names[0]).lower())
    if body is None:
        raise not_found(kind, call.names[0], call.group)
    return Answer(200, body)
