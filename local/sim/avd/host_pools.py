"""Host pools and session hosts."""

import copy
import uuid
from datetime import UTC, datetime, timedelta

from local.sim.avd import guests
from local.sim.core.clock import utc_now
from local.sim.core.routes import arm, page
from local.sim.core.simulator import Sim
from local.sim.core.wire import Answer, ArmError, Call, Json, in_group, not_found, required
from local.sim.core.world import HostPool, SessionHost

POOL = "Microsoft.DesktopVirtualization/hostPools"
HOST = f"{POOL}/sessionHosts"
SHORTEST, LONGEST = timedelta(minutes=59), timedelta(days=30)


def find_pool(sim: Sim, call: Call) -> HostPool:
    pool = sim.world.pools.get(call.id_of(POOL, call.names[0]).lower())
    if pool is None:
        raise not_found(POOL, call.names[0], call.group)
    return pool


def find_host(sim: Sim, call: Call) -> SessionHost:
    host = find_pool(sim, call).hosts.get(call.names[1].lower())
    if host is None:
        raise not_found(HOST, "/".join(call.names[:2]), call.group)
    return host


def pool_body(pool: HostPool) -> Json:
    """The ARM body of a pool. It shows the expiration time of the registration token, never the token."""
    info = None
    if pool.current_token:
        expiry = pool.tokens[pool.current_token]
        info = {"expirationTime": _text(expiry), "token": None, "registrationTokenOperation": "None"}
    return {
        "id": pool.id,
        "name": pool.name,
        "type": POOL,
        "location": pool.location,
        "tags": pool.tags,
        "properties": {**pool.props, "registrationInfo": info},
    }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@arm("GET", f"{POOL}/*", "get_pool")
def get_pool(sim: Sim, call: Call) -> Answer:
    return Answer(200, pool_body(find_pool(sim, call)))


@arm("GET", POOL, "list_pools")
def list_pools(sim: Sim, call: Call) -> Answer:
    rows = in_group(call, sim.world.pools)
    return page(sim, call, rows, pool_body)


@arm("PATCH", f"{POOL}/*", "update_pool")
def patch_pool(sim: Sim, call: Call) -> Answer:
    pool = find_pool(sim, call)
    props = copy.deepcopy(call.body.get("properties") or {})
    info = props.pop("registrationInfo", None)
    if "hostPoolType" in props and props["hostPoolType"] != pool.props["hostPoolType"]:
        raise ArmError(400, "BadRequest", "The hostPoolType of a host pool cannot be changed.", "hostPoolType")
    if info:
        _change_token(pool, info)
    pool.props.update({key: value for key, value in props.items() if value is not None})
    if call.body.get("tags") is not None:
        pool.tags = dict(call.body["tags"])
    return Answer(200, pool_body(pool))


def _refuse_automated(pool: HostPool) -> None:
    if pool.automated:
        message = "You can't retrieve a registration token for a host pool with a session host configuration."
        raise ArmError(400, "BadRequest", message)


def _change_token(pool: HostPool, info: Json) -> None:
    _refuse_automated(pool)
    operation = info.get("registrationTokenOperation") or "Update"
    if operation == "Delete":
        pool.tokens.clear()
        pool.current_token = ""
    if operation != "Update":
        return
    expiry = datetime.fromisoformat(str(required(info, "expirationTime")))
    expiry = expiry if expiry.tzinfo else expiry.replace(tzinfo=UTC)
    ahead = expiry - datetime.now(UTC)
    if not SHORTEST <= ahead <= LONGEST:
        message = "The expiration time of a registration token must be between one hour and 30 days from now."
        raise ArmError(400, "BadRequest", message, "registrationInfo.expirationTime")
    pool.current_token = f"sim.{uuid.uuid4().hex}{uuid.uuid4().hex}"
    pool.tokens[pool.current_token] = expiry


@arm("POST", f"{POOL}/*/retrieveRegistrationToken", "retrieve_token")
def retrieve_token(sim: Sim, call: Call) -> Answer:
    return Answer(200, _token_body(find_pool(sim, call)))


@arm("POST", f"{POOL}/*/listRegistrationTokens", "list_tokens")
def list_tokens(sim: Sim, call: Call) -> Answer:
    body = _token_body(find_pool(sim, call))
    return Answer(200, {"value": [body] if body["token"] else []})


def _token_body(pool: HostPool) -> Json:
    _refuse_automated(pool)
    expiry = pool.tokens.get(pool.current_token)
    if expiry is None or expiry <= datetime.now(UTC):
        return {"expirationTime": None, "token": None, "registrationTokenOperation": "None"}
    return {"expirationTime": _text(expiry), "token": pool.current_token, "registrationTokenOperation": "None"}


def host_body(sim: Sim, host: SessionHost) -> Json:
    status = guests.status_of(sim, host)
    alive = status in {"Available", "NeedsAssistance", "NotJoinedToDomain"}
    beat = utc_now() if alive else host.last_heartbeat or host.registered
    return {
        "id": f"{host.pool.id}/sessionHosts/{host.name}",
        "name": f"{host.pool.name}/{host.name}",
        "type": HOST,
        "properties": {
            "objectId": host.vm_guid,
            "lastHeartBeat": beat,
            "sessions": guests.session_count(sim, host),
            "agentVersion": "1.0.12183.900",
            "allowNewSession": host.allow_new,
            "virtualMachineId": host.vm_guid,
            "resourceId": host.vm_id,
            "assignedUser": host.assigned_user,
            "friendlyName": host.friendly_name,
            "status": status,
            "statusTimestamp": beat,
            "osVersion": "10.0.26100.4349",
            "sxSStackVersion": "rdp-sxs250400200",
            "updateState": "Succeeded",
            "lastUpdateTime": host.registered,
            "updateErrorMessage": None,
            "sessionHostHealthCheckResults": _health(status),
        },
    }


def _health(status: str) -> list[Json]:
    results = {"NotJoinedToDomain": "HealthCheckFailed", "Shutdown": "SessionHostShutdown"}
    result = results.get(status, "HealthCheckSucceeded" if status == "Available" else "Unknown")
    details = {"message": f"status {status}", "errorCode": 0, "lastHealthCheckDateTime": utc_now()}
    return [
        {"healthCheckName": name, "healthCheckResult": result, "additionalFailureDetails": details}
        for name in ("DomainJoinedCheck", "SxSStackListenerCheck")
    ]


@arm("GET", f"{POOL}/*/sessionHosts", "list_session_hosts")
def list_hosts(sim: Sim, call: Call) -> Answer:
    return page(sim, call, find_pool(sim, call).hosts, lambda host: host_body(sim, host))


@arm("GET", f"{POOL}/*/sessionHosts/*", "get_session_host")
def get_host(sim: Sim, call: Call) -> Answer:
    return Answer(200, host_body(sim, find_host(sim, call)))


@arm("PATCH", f"{POOL}/*/sessionHosts/*", "update_session_host")
def patch_host(sim: Sim, call: Call) -> Answer:
    host = find_host(sim, call)
    props = call.body.get("properties") or {}
    allow = props.get("allowNewSession")
    if allow is not None:
        if not isinstance(allow, bool):
            raise ArmError(400, "BadRequest", "allowNewSession must be true or false.", "allowNewSession")
        if allow:
            host.allow_new = host.in_service = True
        else:
            guests.drain(sim, host)
    if props.get("assignedUser"):
        host.assigned_user = str(props["assignedUser"])
    if props.get("friendlyName") is not None:
        host.friendly_name = str(props["friendlyName"])
    return Answer(200, host_body(sim, host))


@arm("DELETE", f"{POOL}/*/sessionHosts/*", "delete_session_host")
def delete_host(sim: Sim, call: Call) -> Answer:
    pool = find_pool(sim, call)
    host = pool.hosts.get(call.names[1].lower())
    if host is None:
        return Answer(204)
    guest = guests.live_guest(sim, host)
    if guest is not None and guest.sessions:
        if call.query.get("force", "").lower() != "true":
            message = f"SessionHost {host.name} has active sessions; use force to delete it."
            raise ArmError(409, "Conflict", message)
        guests.violation(sim, "sessions_present", host.name, f"unregistered with {len(guest.sessions)} session(s)")
    if guest is not None and host.allow_new:
        guests.violation(sim, "accepting_sessions", host.name, "unregistered while it accepts new sessions")
    pool.remove(host)
    if sim.world.session_host_of.get(host.vm_id.lower()) is host:
        sim.world.session_host_of.pop(host.vm_id.lower())
    return Answer(200)


@arm("GET", f"{POOL}/*/scalingPlans", "list_scaling_plans")
def list_scaling_plans(sim: Sim, call: Call) -> Answer:
    pool = find_pool(sim, call)
    plans = sim.world.of("Microsoft.DesktopVirtualization/scalingPlans")
    mine = {key: body for key, body in plans.items() if _applies_to(body, pool)}
    return page(sim, call, mine, lambda body: body)


def _applies_to(plan: Json, pool: HostPool) -> bool:
    references = plan["properties"].get("hostPoolReferences", [])
    return any(r["hostPoolArmPath"].lower() == pool.id.lower() for r in references)
